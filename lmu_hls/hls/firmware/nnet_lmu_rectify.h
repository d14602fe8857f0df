// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_RECTIFY_H_
#define NNET_LMU_RECTIFY_H_

// A rectifier with a slope below its threshold, and a largest value; io_parallel and io_stream.
//
//     y_k = x_k                           where x_k > threshold
//           slope_k (x_k - threshold)     elsewhere; exact, no more than most, and rounded once to the type of the result
//
// Time: a cycle for each value.

#include "nnet_lmu_numbers.h"

namespace nnet {

// The settings of a layer; parameters.h overrides them and adds difference_t and exact_t, which hold what their names say.
struct lmu_rectify_config {
    static const unsigned n_in = 1;      // values in a vector
    static const unsigned n_vectors = 1; // 1, or the time steps
    static const bool has_most = false;
};

template <class x_T, class res_T, typename CONFIG_T, class slope_T, class threshold_T, class most_T>
void lmu_rectify(x_T data[CONFIG_T::n_vectors * CONFIG_T::n_in], res_T res[CONFIG_T::n_vectors * CONFIG_T::n_in],
                 const slope_T slope[CONFIG_T::n_in], const threshold_T threshold[1], const most_T most[1]) {
VectorLoop:
    for (unsigned v = 0; v < CONFIG_T::n_vectors; v++) {
    ValueLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            #pragma HLS PIPELINE II=1
            const x_T x = data[v * CONFIG_T::n_in + k];
            typename CONFIG_T::difference_t difference = x;
            difference -= threshold[0];
            typename CONFIG_T::exact_t exact = slope[k] * difference;
            if (difference > 0)
                exact = x;
            if (CONFIG_T::has_most && exact > most[0])
                exact = most[0];
            res[v * CONFIG_T::n_in + k] = exact;
        }
    }
}

template <typename CONFIG_T> struct lmu_rectify_of_one : CONFIG_T {
    static const unsigned n_vectors = 1;
};

// The layer in io_stream: a word is a vector. data and res are streams of any backend.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S, class slope_T, class threshold_T,
          class most_T>
void lmu_rectify_stream(data_S &data, res_S &res, const slope_T slope[CONFIG_T::n_in], const threshold_T threshold[1],
                        const most_T most[1]) {
    typedef typename data_T::value_type x_T;
    typedef typename res_T::value_type y_T;
WordLoop:
    for (unsigned v = 0; v < CONFIG_T::n_vectors; v++) {
        data_T word = data.read();
        res_T out;
        lmu_rectify<x_T, y_T, lmu_rectify_of_one<CONFIG_T>>(word.data, out.data, slope, threshold, most);
        res.write(out);
    }
}

} // namespace nnet

#endif
