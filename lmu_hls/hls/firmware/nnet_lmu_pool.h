// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_POOL_H_
#define NNET_LMU_POOL_H_

// The largest value, or the average, of a window of steps; io_parallel and io_stream.
//
//     y_tk = max_s x_sk                      or   reciprocal * sum_s x_sk, exact, rounded once to the type of the result
//
// over the steps s of window t: see nnet_lmu_select.h. A window of which m steps lie outside of the sequence has the
// reciprocal that stands m before the last. Of a sequence of any length, in which length[0] steps count:
//
//     y_k = (sum_s x_sk) / length            the exact quotient, rounded once: computed down to half of the result's last
//                                            bit, and one more bit says whether anything is left
//
// Time: a cycle for each value of each window, and the latency of the divider. io_stream keeps the whole sequence.

#include "nnet_lmu_select.h"

namespace nnet {

// parameters.h adds sum_t and the number of reciprocals to the settings of a window.
template <class x_T, class res_T, typename CONFIG_T>
void lmu_max_pool_of(x_T data[CONFIG_T::steps * CONFIG_T::n_in], const unsigned length,
                     res_T res[CONFIG_T::count * CONFIG_T::n_in]) {
    const lmu_windows<CONFIG_T> windows(length);
StepLoop:
    for (unsigned t = 0; t < CONFIG_T::count; t++) {
    ValueLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            x_T largest = data[unsigned(windows.step(t, 0)) * CONFIG_T::n_in + k];
        PlaceLoop:
            for (unsigned p = 1; p < CONFIG_T::size; p++) {
                #pragma HLS PIPELINE II=1
                const x_T x = data[unsigned(windows.step(t, p)) * CONFIG_T::n_in + k];
                if (x > largest)
                    largest = x;
            }
            res[t * CONFIG_T::n_in + k] = largest;
        }
    }
}

template <class x_T, class res_T, typename CONFIG_T>
void lmu_max_pool(x_T data[CONFIG_T::steps * CONFIG_T::n_in], res_T res[CONFIG_T::count * CONFIG_T::n_in]) {
    lmu_max_pool_of<x_T, res_T, CONFIG_T>(data, CONFIG_T::steps, res);
}

template <class x_T, class res_T, typename CONFIG_T, class length_T>
void lmu_max_pool_any_length(x_T data[CONFIG_T::steps * CONFIG_T::n_in], length_T length[1],
                             res_T res[CONFIG_T::count * CONFIG_T::n_in]) {
    lmu_max_pool_of<x_T, res_T, CONFIG_T>(data, CONFIG_T::counted(length[0]), res);
}

template <class x_T, class res_T, typename CONFIG_T, class reciprocal_T>
void lmu_average_pool_of(x_T data[CONFIG_T::steps * CONFIG_T::n_in], const unsigned length,
                         res_T res[CONFIG_T::count * CONFIG_T::n_in],
                         const reciprocal_T reciprocal[CONFIG_T::reciprocals]) {
    const lmu_windows<CONFIG_T> windows(length);
StepLoop:
    for (unsigned t = 0; t < CONFIG_T::count; t++) {
    ValueLoop:
        for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
            typename CONFIG_T::sum_t sum = 0;
            unsigned place = CONFIG_T::reciprocals - 1;
        PlaceLoop:
            for (unsigned p = 0; p < CONFIG_T::size; p++) {
                #pragma HLS PIPELINE II=1
                const int step = windows.step(t, p);
                if (windows.inside(step))
                    sum += data[unsigned(step) * CONFIG_T::n_in + k];
                else
                    place--;
            }
            res[t * CONFIG_T::n_in + k] = sum * reciprocal[place];
        }
    }
}

template <class x_T, class res_T, typename CONFIG_T, class reciprocal_T>
void lmu_average_pool(x_T data[CONFIG_T::steps * CONFIG_T::n_in], res_T res[CONFIG_T::count * CONFIG_T::n_in],
                      const reciprocal_T reciprocal[CONFIG_T::reciprocals]) {
    lmu_average_pool_of<x_T, res_T, CONFIG_T>(data, CONFIG_T::steps, res, reciprocal);
}

template <class x_T, class res_T, typename CONFIG_T, class length_T, class reciprocal_T>
void lmu_average_pool_any_length(x_T data[CONFIG_T::steps * CONFIG_T::n_in], length_T length[1],
                                 res_T res[CONFIG_T::count * CONFIG_T::n_in],
                                 const reciprocal_T reciprocal[CONFIG_T::reciprocals]) {
    lmu_average_pool_of<x_T, res_T, CONFIG_T>(data, CONFIG_T::counted(length[0]), res, reciprocal);
}

template <class x_T, class res_T, typename CONFIG_T>
void lmu_mean_of(x_T data[CONFIG_T::steps * CONFIG_T::n_in], const unsigned length, res_T res[CONFIG_T::n_in]) {
    const int fraction = lmu_fraction<res_T>::value, finer = fraction + 1 - lmu_fraction<x_T>::value;
    const int lift = finer > 0 ? finer : 0, drop = finer < 0 ? -finer : 0;
    const int sum_w = CONFIG_T::sum_t::width, quotient_w = x_T::width + finer > 1 ? x_T::width + finer : 1;
    lmu_uint<sum_w + drop> divisor = length;
    divisor <<= drop;
ValueLoop:
    for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
        lmu_int<sum_w> sum = 0;
    PlaceLoop:
        for (unsigned s = 0; s < CONFIG_T::steps; s++) {
            #pragma HLS PIPELINE II=1
            if (s < length)
                sum += lmu_raw(data[s * CONFIG_T::n_in + k]);
        }
        lmu_uint<sum_w + lift> dividend = sum < 0 ? -sum : sum;
        dividend <<= lift;
        const lmu_uint<quotient_w> quotient = dividend / divisor;
        const bool rest = quotient * divisor != dividend;
        lmu_uint<quotient_w + 1> bits = quotient;
        bits <<= 1;
        bits[0] = rest;
        lmu_fixed<quotient_w + 2, quotient_w - fraction> exact =
            lmu_of_bits<lmu_ufixed<quotient_w + 1, quotient_w - fraction - 1>>(bits);
        if (sum < 0)
            exact = -exact;
        res[k] = exact; // rounds
    }
}

template <class x_T, class res_T, typename CONFIG_T, class length_T>
void lmu_mean_pool(x_T data[CONFIG_T::steps * CONFIG_T::n_in], length_T length[1], res_T res[CONFIG_T::n_in]) {
    lmu_mean_of<x_T, res_T, CONFIG_T>(data, CONFIG_T::counted(length[0]), res);
}

// The layers in io_stream: a word is a step. data and res are streams of any backend.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
void lmu_max_pool_stream(data_S &data, res_S &res) {
    typename data_T::value_type x[CONFIG_T::steps * CONFIG_T::n_in];
    typename res_T::value_type y[CONFIG_T::count * CONFIG_T::n_in];
    lmu_read_words<CONFIG_T::steps, data_T>(data, x);
    lmu_max_pool<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, y);
    lmu_write_words<CONFIG_T::count, res_T>(y, res);
}

template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S, class reciprocal_T>
void lmu_average_pool_stream(data_S &data, res_S &res, const reciprocal_T reciprocal[CONFIG_T::reciprocals]) {
    typename data_T::value_type x[CONFIG_T::steps * CONFIG_T::n_in];
    typename res_T::value_type y[CONFIG_T::count * CONFIG_T::n_in];
    lmu_read_words<CONFIG_T::steps, data_T>(data, x);
    lmu_average_pool<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, y, reciprocal);
    lmu_write_words<CONFIG_T::count, res_T>(y, res);
}

template <class data_T, class res_T, typename CONFIG_T, class data_S, class length_S, class res_S>
void lmu_max_pool_any_length_stream(data_S &data, length_S &length, res_S &res) {
    typename data_T::value_type x[CONFIG_T::steps * CONFIG_T::n_in];
    typename res_T::value_type y[CONFIG_T::count * CONFIG_T::n_in];
    const unsigned steps = CONFIG_T::counted(length.read()[0]);
    lmu_read_words<CONFIG_T::steps, data_T>(data, x);
    lmu_max_pool_of<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, steps, y);
    lmu_write_words<CONFIG_T::count, res_T>(y, res);
}

template <class data_T, class res_T, typename CONFIG_T, class data_S, class length_S, class res_S, class reciprocal_T>
void lmu_average_pool_any_length_stream(data_S &data, length_S &length, res_S &res,
                                        const reciprocal_T reciprocal[CONFIG_T::reciprocals]) {
    typename data_T::value_type x[CONFIG_T::steps * CONFIG_T::n_in];
    typename res_T::value_type y[CONFIG_T::count * CONFIG_T::n_in];
    const unsigned steps = CONFIG_T::counted(length.read()[0]);
    lmu_read_words<CONFIG_T::steps, data_T>(data, x);
    lmu_average_pool_of<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, steps, y, reciprocal);
    lmu_write_words<CONFIG_T::count, res_T>(y, res);
}

template <class data_T, class res_T, typename CONFIG_T, class data_S, class length_S, class res_S>
void lmu_mean_pool_stream(data_S &data, length_S &length, res_S &res) {
    typename data_T::value_type x[CONFIG_T::steps * CONFIG_T::n_in];
    typename res_T::value_type y[CONFIG_T::n_in];
    const unsigned steps = CONFIG_T::counted(length.read()[0]);
    lmu_read_words<CONFIG_T::steps, data_T>(data, x);
    lmu_mean_of<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, steps, y);
    lmu_write_words<1, res_T>(y, res);
}

} // namespace nnet

#endif
