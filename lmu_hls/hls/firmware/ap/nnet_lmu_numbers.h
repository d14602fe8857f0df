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

// Fraction bits of a type.
template <class T> struct lmu_fraction {
    static const int value = T::width - T::iwidth;
};

// The bits of a number as an unsigned integer.
template <class T> lmu_uint<T::width> lmu_bits(const T x) {
    #pragma HLS INLINE
    return x.range(T::width - 1, 0);
}

// The number that has these bits.
template <class T> T lmu_of_bits(const lmu_uint<T::width> bits) {
    #pragma HLS INLINE
    T x = 0;
    x.range(T::width - 1, 0) = bits;
    return x;
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

} // namespace nnet

#endif
