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

} // namespace nnet

#endif
