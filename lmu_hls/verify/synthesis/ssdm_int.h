// SPDX-License-Identifier: Apache-2.0
#ifndef LMU_SSDM_INT_H_
#define LMU_SSDM_INT_H_

// The integers of HLS compilers, by clang's _BitInt: what the open ap_types lack where __SYNTHESIS__ is defined.

#define LMU_INLINE inline __attribute__((always_inline))

template <int W, bool S> struct ssdm_int;

// _BitInt of other widths than whole bytes must be copied by assignment, not bit by bit.
template <int W> struct ssdm_int<W, true> {
    signed _BitInt(W < 2 ? 2 : W) V; // one signed bit is no _BitInt
    LMU_INLINE ssdm_int() {}
    LMU_INLINE ssdm_int(const ssdm_int &other) : V(other.V) {}
    LMU_INLINE ssdm_int &operator=(const ssdm_int &other) {
        V = other.V;
        return *this;
    }
};

template <int W> struct ssdm_int<W, false> {
    unsigned _BitInt(W) V;
    LMU_INLINE ssdm_int() {}
    LMU_INLINE ssdm_int(const ssdm_int &other) : V(other.V) {}
    LMU_INLINE ssdm_int &operator=(const ssdm_int &other) {
        V = other.V;
        return *this;
    }
};

// The unsigned type of the same width, and the width
template <class T> struct lmu_unsigned;
template <int W> struct lmu_unsigned<signed _BitInt(W)> {
    typedef unsigned _BitInt(W) type;
    static const int width = W;
};
template <int W> struct lmu_unsigned<unsigned _BitInt(W)> {
    typedef unsigned _BitInt(W) type;
    static const int width = W;
};
#define LMU_UNSIGNED(T, U) \
    template <> struct lmu_unsigned<T> { typedef U type; static const int width = 8 * sizeof(T); };
LMU_UNSIGNED(signed char, unsigned char)
LMU_UNSIGNED(unsigned char, unsigned char)
LMU_UNSIGNED(short, unsigned short)
LMU_UNSIGNED(unsigned short, unsigned short)
LMU_UNSIGNED(int, unsigned int)
LMU_UNSIGNED(unsigned int, unsigned int)
LMU_UNSIGNED(long, unsigned long)
LMU_UNSIGNED(unsigned long, unsigned long)
LMU_UNSIGNED(long long, unsigned long long)
LMU_UNSIGNED(unsigned long long, unsigned long long)

template <class T> LMU_INLINE bool _ssdm_op_get_bit(T value, int bit) {
    typedef typename lmu_unsigned<T>::type U;
    return (bool)((U)((U)value >> bit) & (U)1);
}

template <class T, class R> LMU_INLINE T _ssdm_op_set_bit(T value, int bit, R to) {
    typedef typename lmu_unsigned<T>::type U;
    const U mask = (U)1 << bit;
    return (T)(((U)value & (U)~mask) | (to ? mask : (U)0));
}

template <class T> LMU_INLINE typename lmu_unsigned<T>::type _ssdm_op_get_range(T value, int low, int high) {
    typedef typename lmu_unsigned<T>::type U;
    const int above = lmu_unsigned<T>::width - 1 - high;
    return (U)((U)((U)value << above) >> (above + low));
}

template <class T, class R> LMU_INLINE T _ssdm_op_set_range(T value, int low, int high, R to) {
    typedef typename lmu_unsigned<T>::type U;
    const int above = lmu_unsigned<T>::width - 1 - high;
    const U mask = (U)((U)((U)~(U)0 >> (above + low)) << low);
    return (T)(((U)value & (U)~mask) | ((U)((U)to << low) & mask));
}

template <class T> LMU_INLINE bool lmu_reduce_or(T value) { return value != 0; }
template <class T> LMU_INLINE bool lmu_reduce_nor(T value) { return value == 0; }
template <class T> LMU_INLINE bool lmu_reduce_and(T value) { return (typename lmu_unsigned<T>::type)~value == 0; }
template <class T> LMU_INLINE bool lmu_reduce_nand(T value) { return !lmu_reduce_and(value); }
template <class T> LMU_INLINE bool lmu_reduce_xor(T value) {
    bool odd = false;
    for (int bit = 0; bit < lmu_unsigned<T>::width; bit++)
        odd ^= _ssdm_op_get_bit(value, bit);
    return odd;
}
#define _ssdm_op_reduce(OPERATION, VALUE) lmu_reduce_##OPERATION(VALUE)

template <class R, class X, class Y> LMU_INLINE R _ssdm_op_concat(const R &, const X &x, const Y &y) {
    return (R)(((R)x << lmu_unsigned<Y>::width) | (R)(typename lmu_unsigned<Y>::type)y);
}

// Only in what reads text and prints
#define _ssdm_string2bits(...) ((void)0)
#define _ssdm_op_bitwidthof(T) 0

#endif
