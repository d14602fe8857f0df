// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_SOFTMAX_H_
#define NNET_LMU_SOFTMAX_H_

// Softmax on the last axis, io_parallel and io_stream.
//
//     d_k = max_j x_j - x_k            exact
//     e_k = exp_table[d_k + up]        assigned to index_t (unsigned), which truncates: so d_k is rounded up, and only
//                                      d_k = 0 has the entry 0
//     y_k = e_k / sum_j e_j            the exact quotient, rounded once to the type of the result
//
// The quotient is computed down to half of the result's last bit, and one more bit says whether anything is left: with
// these two bits every rounding mode gives what it would give for the exact quotient.
//
// Time: about 3 n_in cycles for a vector and the latency of the one divider.

#include "nnet_lmu_numbers.h"

namespace nnet {

// The settings of a layer; parameters.h overrides them and adds difference_t, index_t, sum_t and exp_table_t.
struct lmu_softmax_config {
    static const unsigned n_in = 1;      // values in a vector
    static const unsigned n_vectors = 1; // 1, or the time steps
    static const unsigned long long up = 0; // added to a distance, in its last bits
};

// e / sum assigned to res_T, for e <= sum, in the same unit.
template <class res_T, class e_T, class sum_T> res_T lmu_quotient(const e_T e, const sum_T sum) {
    #pragma HLS INLINE
    const int fraction = lmu_fraction<res_T>::value;
    lmu_uint<e_T::width + fraction + 1> numerator = e;
    numerator <<= fraction + 1;
    const lmu_uint<fraction + 2> quotient = numerator / sum;
    const bool rest = quotient * sum != numerator;
    lmu_uint<fraction + 3> bits = quotient;
    bits <<= 1;
    bits[0] = rest;
    return lmu_of_bits<lmu_ufixed<fraction + 3, 1>>(bits); // rounds
}

// The layer: n_vectors x n_in values in and out.
template <class x_T, class res_T, typename CONFIG_T>
void lmu_softmax(x_T data[CONFIG_T::n_vectors * CONFIG_T::n_in], res_T res[CONFIG_T::n_vectors * CONFIG_T::n_in],
                 const typename CONFIG_T::exp_table_t *exp_table) {
    const int difference_w = CONFIG_T::difference_t::width;
VectorLoop:
    for (unsigned v = 0; v < CONFIG_T::n_vectors; v++) {
        const unsigned first = v * CONFIG_T::n_in;
        x_T largest = data[first];
    MaxLoop:
        for (unsigned k = 1; k < CONFIG_T::n_in; k++) {
            #pragma HLS PIPELINE II=1
            if (data[first + k] > largest)
                largest = data[first + k];
        }
        typename CONFIG_T::exp_table_t e[CONFIG_T::n_in];
        typename CONFIG_T::sum_t sum = 0;
    ExpLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            #pragma HLS PIPELINE II=1
            typename CONFIG_T::difference_t d = largest - data[first + k];
            lmu_uint<difference_w> bits = lmu_bits(d);
            bits += CONFIG_T::up;
            d = lmu_of_bits<typename CONFIG_T::difference_t>(bits);
            const typename CONFIG_T::index_t point = d; // rounds and saturates
            e[k] = exp_table[lmu_bits(point).to_uint()];
            sum += e[k];
        }
    DivideLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            #pragma HLS PIPELINE II=1
            res[first + k] = lmu_quotient<res_T>(e[k], sum);
        }
    }
}

template <typename CONFIG_T> struct lmu_one_vector : CONFIG_T {
    static const unsigned n_vectors = 1;
};

// The layer in io_stream: a word is a vector. data and res are streams of any backend.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
void lmu_softmax_stream(data_S &data, res_S &res, const typename CONFIG_T::exp_table_t *exp_table) {
    typedef typename data_T::value_type x_T;
    typedef typename res_T::value_type y_T;
WordLoop:
    for (unsigned v = 0; v < CONFIG_T::n_vectors; v++) {
        data_T word = data.read();
        res_T out;
        lmu_softmax<x_T, y_T, lmu_one_vector<CONFIG_T>>(word.data, out.data, exp_table);
        res.write(out);
    }
}

} // namespace nnet

#endif
