// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_NUMBERS_H_
#define NNET_LMU_NUMBERS_H_

// What the headers of the LMU need of fixed-point types beyond their arithmetic, on ap_types. The file of the same name
// for ac_types says the same with their words.

#include "nnet_common.h"

namespace nnet {

template <int W> using lmu_uint = ap_uint<W>;
template <int W, int I> using lmu_fixed = ap_fixed<W, I>;
template <int W, int I> using lmu_ufixed = ap_ufixed<W, I>; // assignments truncate and wrap

// Signed integers of W bits; C simulation has those of the machine, for up to 62 bits.
#ifdef __SYNTHESIS__
template <int W> using lmu_int = ap_int<W>;
#else
template <int W> using lmu_int = long long;
#endif

// Fraction bits of a type.
template <class T> struct lmu_fraction {
    static const int value = T::width - T::iwidth;
};

// The bits of a number as an unsigned integer.
template <class T> lmu_uint<T::width> lmu_bits(const T x) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    return x.range(T::width - 1, 0);
#else
    return lmu_uint<T::width>((unsigned long long)x.V.get_VAL());
#endif
}

// The integer that a number is in units of its last bit.
template <class T> lmu_int<T::width + 1> lmu_raw(const T x) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    const ap_fixed<T::width + 1, T::iwidth + 1> wide = x; // has room for a sign
    const lmu_uint<T::width + 1> bits = wide.range(T::width, 0);
    return lmu_int<T::width + 1>(bits);
#else
    return x.V.get_VAL();
#endif
}

template <class T> bool lmu_is_positive(const T x) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    return x > 0;
#else
    return x.V.get_VAL() > 0;
#endif
}

// An integer for products of up to 32 bits, or of more.
template <bool SHORT> struct lmu_integer {
    typedef int type;
};
template <> struct lmu_integer<false> {
    typedef long long type;
};

// sum += w v; acc_T holds it exactly, in 62 bits or fewer. C simulation adds the integers: ap_types make a type of its own
// of every product and sum, which takes many times as long.
template <class acc_T, class w_T, class v_T> void lmu_add_product(acc_T &sum, const w_T &w, const v_T &v) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    sum += w * v;
#else
    const int shift = lmu_fraction<acc_T>::value - lmu_fraction<w_T>::value - lmu_fraction<v_T>::value;
    typedef typename lmu_integer<(w_T::width + v_T::width <= 32)>::type product_t;
    const product_t product = (product_t)w.V.get_VAL() * (product_t)v.V.get_VAL();
    sum.V.set_VAL(sum.V.get_VAL() + (long long)product * (1LL << (shift > 0 ? shift : 0)));
#endif
}

#ifdef __SYNTHESIS__
// The number as a T: rounded, and limited or wrapped, as the modes of T say.
template <class T, class acc_T> T lmu_rounded(const acc_T &x) {
    #pragma HLS INLINE
    return x;
}
#else
template <int W, int I, bool SIGNED, ap_q_mode Q, ap_o_mode O, int N>
constexpr bool lmu_is_signed(const ap_fixed_base<W, I, SIGNED, Q, O, N> *) {
    return SIGNED;
}

// x / 2^shift, rounded to an integer; 1 <= shift <= 62.
template <ap_q_mode MODE> inline long long lmu_round(const long long x, const int shift) {
    const long long floor = x >> shift, rest = x & ((1LL << shift) - 1), half = 1LL << (shift - 1);
    switch (MODE) {
    case AP_TRN_ZERO:
        return floor + (x < 0 && rest != 0);
    case AP_RND:
        return floor + (rest >= half);
    case AP_RND_ZERO:
        return floor + (rest > half || (rest == half && x < 0));
    case AP_RND_MIN_INF:
        return floor + (rest > half);
    case AP_RND_INF:
        return floor + (rest > half || (rest == half && x >= 0));
    case AP_RND_CONV:
        return floor + (rest > half || (rest == half && (floor & 1)));
    default: // AP_TRN
        return floor;
    }
}

// x, limited or wrapped to an integer of WIDTH bits; WIDTH <= 62.
template <ap_o_mode MODE, int WIDTH, bool SIGNED> inline long long lmu_limit(const long long x) {
    const long long most = (1LL << (SIGNED ? WIDTH - 1 : WIDTH)) - 1, least = SIGNED ? -most - 1 : 0;
    switch (MODE) {
    case AP_SAT:
        return x > most ? most : x < least ? least : x;
    case AP_SAT_SYM:
        return x > most ? most : x < (SIGNED ? -most : 0) ? (SIGNED ? -most : 0) : x;
    case AP_SAT_ZERO:
        return x > most || x < least ? 0 : x;
    default: // AP_WRAP, of as many bits as go out
        return SIGNED ? (long long)((unsigned long long)x << (64 - WIDTH)) >> (64 - WIDTH) : x & most;
    }
}

// C simulation does the same on integers of the machine, where they are wide enough.
template <class T, class acc_T, bool NARROW> struct lmu_rounding {
    static T of(const acc_T &x) { return x; }
};
template <class T, class acc_T> struct lmu_rounding<T, acc_T, true> {
    static T of(const acc_T &x) {
        const int shift = lmu_fraction<acc_T>::value - lmu_fraction<T>::value;
        const long long bits = x.V.get_VAL();
        const long long value = shift > 0 ? lmu_round<T::qmode>(bits, shift > 0 ? shift : 1)
                                          : bits * (1LL << (shift > 0 ? 0 : -shift));
        T res;
        res.V.set_VAL(lmu_limit<T::omode, T::width, lmu_is_signed((T *)0)>(value));
        return res;
    }
};
template <class T, class acc_T> T lmu_rounded(const acc_T &x) {
    const int shift = lmu_fraction<acc_T>::value - lmu_fraction<T>::value;
    const bool narrow = acc_T::width + (shift < 0 ? -shift : 0) <= 62 && T::width <= 62 && shift <= 62;
    return lmu_rounding<T, acc_T, narrow && T::omode != AP_WRAP_SM>::of(x);
}
#endif

// The number that has these bits.
template <class T> T lmu_of_bits(const lmu_uint<T::width> bits) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    T x = 0;
    x.range(T::width - 1, 0) = bits;
#else
    T x;
    x.V.set_VAL(lmu_limit<AP_WRAP, T::width, lmu_is_signed((T *)0)>((long long)bits.V.get_VAL()));
#endif
    return x;
}

} // namespace nnet

#endif
