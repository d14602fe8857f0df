// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_FUNCTION_H_
#define NNET_LMU_FUNCTION_H_

// Activation functions of one value, and a layer that applies one to all its values, io_parallel and io_stream.

#include "nnet_lmu_numbers.h"

namespace nnet {

// A weight or table that a layer does not have.
typedef lmu_ufixed<2, 2> lmu_none_t;
static const lmu_none_t lmu_none[1] = {0};

// The activations, each with of<res_T, index_T>(value, table): value as res_T.
struct lmu_linear {
    template <class res_T, class index_T, class data_T, class table_T>
    static res_T of(const data_T value, const table_T *) {
        #pragma HLS INLINE
        return value;
    }
};

struct lmu_relu {
    template <class res_T, class index_T, class data_T, class table_T>
    static res_T of(const data_T value, const table_T *) {
        #pragma HLS INLINE
        if (lmu_is_positive(value))
            return lmu_rounded<res_T>(value);
        return lmu_of_bits<res_T>(0);
    }
};

// The value, limited to LOW .. HIGH.
template <int LOW, int HIGH> struct lmu_clip {
    template <class res_T, class index_T, class data_T, class table_T>
    static res_T of(const data_T value, const table_T *) {
        #pragma HLS INLINE
        if (value < LOW)
            return LOW;
        if (value > HIGH)
            return HIGH;
        return value;
    }
};

// The table holds the bits of res_T for every value of index_T, the most negative one first.
struct lmu_table {
    template <class res_T, class index_T, class data_T, class table_T>
    static res_T of(const data_T value, const table_T *table) {
        #pragma HLS INLINE
        const int index_w = index_T::width;
        const index_T point = lmu_rounded<index_T>(value);
        // The other sign: two's complement to "steps above the most negative value"
        const unsigned row = lmu_bits(point).to_uint() ^ (1u << (index_w - 1));
        return lmu_of_bits<res_T>(lmu_bits(table[row]));
    }
};

// [max(value, 0) +] entry [+ slope * rest], exact and rounded once. The table holds an entry of ENTRY_W bits, ENTRY_F of
// them fraction bits, for every value of index_T without its REST lowest bits; and above it a slope of SLOPE_W bits.
template <bool RELU, int ENTRY_W, int ENTRY_F, int SLOPE_W, int REST> struct lmu_table_sum {
    template <class res_T, class index_T, class data_T, class table_T>
    static res_T of(const data_T value, const table_T *table) {
        #pragma HLS INLINE
        const int index_w = index_T::width, data_f = lmu_fraction<data_T>::value;
        const int data_i = data_T::width - data_f, entry_i = ENTRY_W - ENTRY_F, exact_f = ENTRY_F + REST;
        const int sum_f = RELU && data_f > exact_f ? data_f : exact_f;
        const int sum_i = (RELU && data_i > entry_i ? data_i : entry_i) + 2;
        const int slope_w = SLOPE_W ? SLOPE_W : 1, rest_w = REST ? REST : 1;
        const index_T point = value; // rounds and saturates
        lmu_uint<index_w> place = lmu_bits(point);
        place[index_w - 1] = !place[index_w - 1];
        const unsigned at = place.to_uint();
        const lmu_uint<ENTRY_W + SLOPE_W> word = lmu_bits(table[at >> REST]);
        lmu_fixed<sum_f + sum_i, sum_i> sum = lmu_of_bits<lmu_fixed<ENTRY_W, entry_i> >(lmu_uint<ENTRY_W>(word));
        if (SLOPE_W) {
            typedef lmu_fixed<slope_w, slope_w - ENTRY_F> slope_t;
            typedef lmu_ufixed<rest_w, 0> rest_t;
            const slope_t slope = lmu_of_bits<slope_t>(lmu_uint<slope_w>(word >> ENTRY_W));
            sum += slope * lmu_of_bits<rest_t>(lmu_uint<rest_w>(at & ((1u << REST) - 1)));
        }
        if (RELU && value > 0)
            sum += value;
        return sum;
    }
};

// The settings of a layer; parameters.h overrides them and adds function (one of the above), index_t and table_t.
struct lmu_function_config {
    static const unsigned n_in = 1;      // values in a vector
    static const unsigned n_vectors = 1; // 1, or the time steps
};

// The layer: n_vectors x n_in values in and out.
template <class x_T, class res_T, typename CONFIG_T>
void lmu_function(x_T data[CONFIG_T::n_vectors * CONFIG_T::n_in], res_T res[CONFIG_T::n_vectors * CONFIG_T::n_in],
                  const typename CONFIG_T::table_t *table) {
ValueLoop:
    for (unsigned k = 0; k < CONFIG_T::n_vectors * CONFIG_T::n_in; k++) {
        #pragma HLS PIPELINE II=1
        res[k] = CONFIG_T::function::template of<res_T, typename CONFIG_T::index_t>(data[k], table);
    }
}

template <typename CONFIG_T> struct lmu_function_of_one : CONFIG_T {
    static const unsigned n_vectors = 1;
};

// The layer in io_stream: a word is a vector. data and res are streams of any backend.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
void lmu_function_stream(data_S &data, res_S &res, const typename CONFIG_T::table_t *table) {
    typedef typename data_T::value_type x_T;
    typedef typename res_T::value_type y_T;
WordLoop:
    for (unsigned v = 0; v < CONFIG_T::n_vectors; v++) {
        data_T word = data.read();
        res_T out;
        lmu_function<x_T, y_T, lmu_function_of_one<CONFIG_T>>(word.data, out.data, table);
        res.write(out);
    }
}

} // namespace nnet

#endif
