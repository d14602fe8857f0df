// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_NORMALIZE_H_
#define NNET_LMU_NORMALIZE_H_

// Values of a step over their deviation, root mean square or Euclidean norm; io_parallel and io_stream.
//
//     d_k = n x_k - sum_j x_j where it is centered, else x_k       all in units of the last bit of x, exact
//     v = sum_j d_j^2 + epsilon
//     r = max(1, floor(sqrt(floor(4^guard v / divisor))))
//     y_k = 2^guard d_k / r            the exact quotient, rounded once to the type of the result
//
// The quotient is computed down to half of the result's last bit, and one more bit says whether anything is left, as in
// nnet_lmu_softmax.h.
//
// Time: three loops over the values of a vector, a bit of the root a cycle, and the latency of the divider.

#include "nnet_lmu_numbers.h"

namespace nnet {

// The settings of a layer; parameters.h overrides them.
struct lmu_normalize_config {
    static const unsigned n_in = 1;      // values in a vector
    static const unsigned n_vectors = 1; // 1, or the time steps
    static const bool centered = true;
    static const unsigned long long epsilon = 0;
    static const unsigned divisor = 1;
    static const int guard = 0;
    static const int difference_w = 1; // bits of |d|
    static const int total_w = 1;      // of v
    static const int whole_w = 1;      // of what is left of the binary point of |y|
};

// The largest integer whose square is no larger than x, a bit a cycle.
template <int W> lmu_uint<(W + 1) / 2> lmu_root(const lmu_uint<W> x) {
    #pragma HLS INLINE
    lmu_uint<W + 2> rest = x, root = 0, bit = 1;
    bit <<= W - 1 - (W - 1) % 2;
RootLoop:
    for (int i = 0; i < (W + 1) / 2; i++) {
        #pragma HLS PIPELINE II=1
        const lmu_uint<W + 2> tried = root + bit;
        root >>= 1;
        if (rest >= tried) {
            rest -= tried;
            root += bit;
        }
        bit >>= 2;
    }
    return root;
}

template <class x_T, class res_T, typename CONFIG_T>
void lmu_normalize(x_T data[CONFIG_T::n_vectors * CONFIG_T::n_in], res_T res[CONFIG_T::n_vectors * CONFIG_T::n_in]) {
    const int fraction = lmu_fraction<res_T>::value, value_w = CONFIG_T::total_w + 2 * CONFIG_T::guard;
    const int wide = CONFIG_T::difference_w + CONFIG_T::guard + fraction + 1; // of the dividend
    const int quotient_w = CONFIG_T::whole_w + fraction + 2;
VectorLoop:
    for (unsigned v = 0; v < CONFIG_T::n_vectors; v++) {
        const unsigned first = v * CONFIG_T::n_in;
        lmu_int<CONFIG_T::difference_w + 1> sum = 0;
    SumLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            #pragma HLS PIPELINE II=1
            sum += lmu_raw(data[first + k]);
        }
        lmu_int<CONFIG_T::difference_w + 1> d[CONFIG_T::n_in];
        lmu_uint<CONFIG_T::total_w> total = CONFIG_T::epsilon;
    SquareLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            #pragma HLS PIPELINE II=1
            d[k] = lmu_raw(data[first + k]);
            if (CONFIG_T::centered)
                d[k] = d[k] * (int)CONFIG_T::n_in - sum;
            const lmu_uint<CONFIG_T::total_w> square = d[k] * d[k];
            total += square;
        }
        lmu_uint<value_w> value = total;
        value <<= 2 * CONFIG_T::guard;
        value /= (lmu_uint<value_w>)CONFIG_T::divisor;
        lmu_uint<(value_w + 1) / 2> root = lmu_root<value_w>(value);
        if (root == 0)
            root = 1;
    DivideLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            #pragma HLS PIPELINE II=1
            lmu_uint<wide> dividend = d[k] < 0 ? -d[k] : d[k];
            dividend <<= CONFIG_T::guard + fraction + 1;
            const lmu_uint<quotient_w> quotient = dividend / root;
            const bool rest = quotient * root != dividend;
            lmu_uint<quotient_w + 1> bits = quotient;
            bits <<= 1;
            bits[0] = rest;
            lmu_fixed<quotient_w + 2, CONFIG_T::whole_w + 2> exact =
                lmu_of_bits<lmu_ufixed<quotient_w + 1, CONFIG_T::whole_w + 1>>(bits);
            if (d[k] < 0)
                exact = -exact;
            res[first + k] = exact; // rounds
        }
    }
}

template <typename CONFIG_T> struct lmu_normalize_of_one : CONFIG_T {
    static const unsigned n_vectors = 1;
};

// The layer in io_stream: a word is a vector. data and res are streams of any backend.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
void lmu_normalize_stream(data_S &data, res_S &res) {
    typedef typename data_T::value_type x_T;
    typedef typename res_T::value_type y_T;
WordLoop:
    for (unsigned v = 0; v < CONFIG_T::n_vectors; v++) {
        data_T word = data.read();
        res_T out;
        lmu_normalize<x_T, y_T, lmu_normalize_of_one<CONFIG_T>>(word.data, out.data);
        res.write(out);
    }
}

} // namespace nnet

#endif
