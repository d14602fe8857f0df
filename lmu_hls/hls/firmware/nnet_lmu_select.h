// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_SELECT_H_
#define NNET_LMU_SELECT_H_

// Steps of a sequence as they are, io_parallel and io_stream: slices, flattened, cropped, padded, repeated,
// reversed sequences.
//
//     y_t = [x_s, x_(s+d), ..., x_(s+(size-1)d)]     s = first + t * stride, d = dilation;  t = 0 .. count-1
//
// What lies outside of the sequence is zero, or with `repeat` the nearest step. A sequence of any length has as many
// windows as fit when `pad` steps are added at its ends, before it -first or, `centred`, half of what they need.
//
// Time: about as many cycles as there are values. io_stream keeps the whole sequence.

#include "nnet_lmu_numbers.h"

namespace nnet {

// The settings of a layer; parameters.h overrides them.
struct lmu_window_config {
    static const unsigned n_in = 1;  // values of a step
    static const unsigned steps = 1; // that come
    static const unsigned count = 1; // that are given
    static const int first = 0;
    static const int stride = 1;
    static const unsigned size = 1;
    static const unsigned dilation = 1;
    static const bool repeat = false;
    static const int pad = 0; // of sequences of any length
    static const bool centred = false;

    // Of the steps of a sequence of any length, those that come to this layer
    static unsigned counted(const unsigned n) { return n; }
};

// The windows of a sequence of `length` steps: how many they are, and which steps they read.
template <typename CONFIG_T> struct lmu_windows {
    int length, count, first;

    lmu_windows(const unsigned n) : length(n), count(CONFIG_T::count), first(CONFIG_T::first) {
        #pragma HLS INLINE
        if (length == int(CONFIG_T::steps))
            return;
        const int reach = (CONFIG_T::size - 1) * CONFIG_T::dilation + 1;
        const int apart = CONFIG_T::stride < 0 ? -CONFIG_T::stride : CONFIG_T::stride;
        count = (length + CONFIG_T::pad - reach) / (apart > 0 ? apart : 1) + 1;
        if (CONFIG_T::stride < 0)
            first = length - 1;
        const int needed = (count - 1) * CONFIG_T::stride + reach - length;
        if (CONFIG_T::centred)
            first = needed > 0 ? -(needed / 2) : 0;
    }

    // Number of the step that step t of the result reads at place p; outside of the sequence for zeros. Behind the
    // windows of a sequence the last one stands again.
    int step(const unsigned t, const unsigned p) const {
        #pragma HLS INLINE
        const int window = int(t) < count ? int(t) : count - 1;
        const int step = first + window * CONFIG_T::stride + int(p * CONFIG_T::dilation);
        if (!CONFIG_T::repeat)
            return step;
        return step < 0 ? 0 : (step >= length ? length - 1 : step);
    }

    bool inside(const int step) const {
        #pragma HLS INLINE
        return step >= 0 && step < length;
    }
};

// The windows of the first `length` steps of data.
template <class x_T, class res_T, typename CONFIG_T>
void lmu_select_steps(x_T data[CONFIG_T::steps * CONFIG_T::n_in], const unsigned length,
                      res_T res[CONFIG_T::count * CONFIG_T::size * CONFIG_T::n_in]) {
    const lmu_windows<CONFIG_T> windows(length);
StepLoop:
    for (unsigned t = 0; t < CONFIG_T::count; t++) {
    PlaceLoop:
        for (unsigned p = 0; p < CONFIG_T::size; p++) {
            const int step = windows.step(t, p);
            const bool inside = windows.inside(step);
        ValueLoop:
            for (unsigned k = 0; k < CONFIG_T::n_in; k++) {
                #pragma HLS PIPELINE II=1
                const unsigned place = (t * CONFIG_T::size + p) * CONFIG_T::n_in + k;
                res[place] = inside ? res_T(data[unsigned(inside ? step : 0) * CONFIG_T::n_in + k]) : res_T(0);
            }
        }
    }
}

// The layer: steps x n_in values in, count x size x n_in values out.
template <class x_T, class res_T, typename CONFIG_T>
void lmu_select(x_T data[CONFIG_T::steps * CONFIG_T::n_in],
                res_T res[CONFIG_T::count * CONFIG_T::size * CONFIG_T::n_in]) {
    lmu_select_steps<x_T, res_T, CONFIG_T>(data, CONFIG_T::steps, res);
}

// The layer of a network that takes sequences of any length, of which length[0] steps count.
template <class x_T, class res_T, typename CONFIG_T, class length_T>
void lmu_select_any_length(x_T data[CONFIG_T::steps * CONFIG_T::n_in], length_T length[1],
                           res_T res[CONFIG_T::count * CONFIG_T::size * CONFIG_T::n_in]) {
    lmu_select_steps<x_T, res_T, CONFIG_T>(data, CONFIG_T::counted(length[0]), res);
}

// Words of n_in values each, as one array.
template <unsigned words, class data_T, class data_S, class x_T> void lmu_read_words(data_S &data, x_T *x) {
ReadLoop:
    for (unsigned s = 0; s < words; s++) {
        #pragma HLS PIPELINE II=1
        const data_T word = data.read();
        for (unsigned k = 0; k < data_T::size; k++) {
            #pragma HLS UNROLL
            x[s * data_T::size + k] = word[k];
        }
    }
}

template <unsigned words, class res_T, class res_S, class y_T> void lmu_write_words(const y_T *y, res_S &res) {
WriteLoop:
    for (unsigned t = 0; t < words; t++) {
        #pragma HLS PIPELINE II=1
        res_T word;
        for (unsigned k = 0; k < res_T::size; k++) {
            #pragma HLS UNROLL
            word[k] = y[t * res_T::size + k];
        }
        res.write(word);
    }
}

// The layer in io_stream: a word is a step. data and res are streams of any backend.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
void lmu_select_stream(data_S &data, res_S &res) {
    typename data_T::value_type x[CONFIG_T::steps * CONFIG_T::n_in];
    typename res_T::value_type y[CONFIG_T::count * CONFIG_T::size * CONFIG_T::n_in];
    lmu_read_words<CONFIG_T::steps, data_T>(data, x);
    lmu_select<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, y);
    lmu_write_words<CONFIG_T::count, res_T>(y, res);
}

template <class data_T, class res_T, typename CONFIG_T, class data_S, class length_S, class res_S>
void lmu_select_any_length_stream(data_S &data, length_S &length, res_S &res) {
    typename data_T::value_type x[CONFIG_T::steps * CONFIG_T::n_in];
    typename res_T::value_type y[CONFIG_T::count * CONFIG_T::size * CONFIG_T::n_in];
    const unsigned steps = CONFIG_T::counted(length.read()[0]);
    lmu_read_words<CONFIG_T::steps, data_T>(data, x);
    lmu_select_steps<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(x, steps, y);
    lmu_write_words<CONFIG_T::count, res_T>(y, res);
}

} // namespace nnet

#endif
