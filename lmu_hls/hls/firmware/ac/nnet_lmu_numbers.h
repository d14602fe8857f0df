// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_NUMBERS_H_
#define NNET_LMU_NUMBERS_H_

// What the headers of the LMU need of fixed-point types beyond their arithmetic, on ac_types. The file of the same name
// for ap_types says the same with their words.

#include "nnet_common.h"

namespace nnet {

template <int W> using lmu_uint = ac_int<W, false>;
template <int W, int I> using lmu_fixed = ac_fixed<W, I, true>;
template <int W, int I> using lmu_ufixed = ac_fixed<W, I, false>; // assignments truncate and wrap

// Signed integers of W bits; C simulation has those of the machine, for up to 62 bits.
#ifdef __SYNTHESIS__
template <int W> using lmu_int = ac_int<W, true>;
#else
template <int W> using lmu_int = long long;
#endif

// Fraction bits of a type.
template <class T> struct lmu_fraction {
    static const int value = T::width - T::i_width;
};

// The bits of a number as an unsigned integer.
template <class T> lmu_uint<T::width> lmu_bits(const T x) {
    return x.template slc<T::width>(0);
}

// The number that has these bits.
template <class T> T lmu_of_bits(const lmu_uint<T::width> bits) {
    T x = 0;
    x.set_slc(0, bits);
    return x;
}

// The integer that a number is in units of its last bit.
template <class T> lmu_int<T::width + 1> lmu_raw(const T x) {
#ifdef __SYNTHESIS__
    return x.template slc<T::width>(0);
#else
    return x.template slc<T::width>(0).to_int64();
#endif
}

template <class T> bool lmu_is_positive(const T x) { return x > 0; }

// sum += w v; acc_T holds it exactly.
template <class acc_T, class w_T, class v_T> void lmu_add_product(acc_T &sum, const w_T &w, const v_T &v) {
    sum += w * v;
}

// The number as a T: rounded, and limited or wrapped, as the modes of T say.
template <class T, class acc_T> T lmu_rounded(const acc_T &x) { return x; }

} // namespace nnet

#endif
