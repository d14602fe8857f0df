// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_STREAM_H_
#define NNET_LMU_STREAM_H_

// Legendre Memory Unit (LMU), io_stream: one word of n_in values comes in for each step, and one of units values goes
// out, for each step with return_sequences, else for the last one. The steps are those of nnet_lmu.h.
//
// The whole layer is one process of the DATAFLOW region around it: what feeds back (mem, h) does not leave it. A step
// needs one word and gives at most one, so the FIFOs before and behind it need one place, and two to work side by side.
//
// data and res are streams of any backend: hls::stream, ihc::stream or ac_channel.

#include "nnet_lmu.h"

#ifndef PRAGMA_DATA_PACK // of hls4ml, for tools that need it
#define PRAGMA_DATA_PACK(variable)
#endif

namespace nnet {

template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
void lmu_stream_step(const unsigned t, const unsigned length, data_S &data, res_S &res,
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     typename CONFIG_T::cell_t cell[CONFIG_T::units], typename res_T::value_type h[CONFIG_T::units],
                     LMU_WEIGHTS_OF(CONFIG_T)) {
    #pragma HLS INLINE
    typename data_T::value_type x[CONFIG_T::n_in];
    #pragma HLS ARRAY_PARTITION variable=x complete
    data_T word = data.read();
ReadLoop:
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        #pragma HLS UNROLL
        x[i] = word[i];
    }
    if (t < length)
        lmu_step<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(t == 0, x, mem, cell, h,
                                                                                    LMU_WEIGHTS());
    if (CONFIG_T::return_sequences || t == CONFIG_T::n_timesteps - 1) {
        res_T out;
        PRAGMA_DATA_PACK(out)
    WriteLoop:
        for (unsigned k = 0; k < CONFIG_T::units; k++) {
            #pragma HLS UNROLL
            out[k] = h[k];
        }
        res.write(out);
    }
}

// All steps of a sequence, by strategy: as in nnet_lmu.h.
template <class strategy_T> struct lmu_stream_of;

template <> struct lmu_stream_of<lmu_latency> {
    template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
    static void run(const unsigned length, data_S &data, res_S &res,
                    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                    typename CONFIG_T::cell_t cell[CONFIG_T::units], typename res_T::value_type h[CONFIG_T::units],
                    LMU_WEIGHTS_OF(CONFIG_T)) {
        #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    StepLoop:
        for (unsigned t = 0; t < CONFIG_T::n_timesteps; t++) {
            #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
            lmu_stream_step<data_T, res_T, CONFIG_T>(t, length, data, res, mem, cell, h, LMU_WEIGHTS());
        }
    }
};

template <> struct lmu_stream_of<lmu_resource> {
    template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
    static void run(const unsigned length, data_S &data, res_S &res,
                    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                    typename CONFIG_T::cell_t cell[CONFIG_T::units], typename res_T::value_type h[CONFIG_T::units],
                    LMU_WEIGHTS_OF(CONFIG_T)) {
    StepLoop:
        for (unsigned t = 0; t < CONFIG_T::n_timesteps; t++) {
            lmu_stream_step<data_T, res_T, CONFIG_T>(t, length, data, res, mem, cell, h, LMU_WEIGHTS());
        }
    }
};

// The layer.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
void lmu_stream(data_S &data, res_S &res, LMU_WEIGHTS_OF(CONFIG_T)) {
    typedef typename res_T::value_type h_T;
    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order];
    typename CONFIG_T::cell_t cell[CONFIG_T::units];
    h_T h[CONFIG_T::units];
    #pragma HLS ARRAY_PARTITION variable=mem complete
    #pragma HLS ARRAY_PARTITION variable=cell complete
    #pragma HLS ARRAY_PARTITION variable=h complete
    lmu_reset<h_T, CONFIG_T>(mem, cell, h);
    lmu_stream_of<typename CONFIG_T::strategy>::template run<data_T, res_T, CONFIG_T>(
        CONFIG_T::n_timesteps, data, res, mem, cell, h, LMU_WEIGHTS());
}

// The layer of a network that takes sequences of any length: as lmu_any_length; all n_timesteps words come and go.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class length_S, class res_S>
void lmu_any_length_stream(data_S &data, length_S &length, res_S &res, LMU_WEIGHTS_OF(CONFIG_T)) {
    typedef typename res_T::value_type h_T;
    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order];
    typename CONFIG_T::cell_t cell[CONFIG_T::units];
    h_T h[CONFIG_T::units];
    #pragma HLS ARRAY_PARTITION variable=mem complete
    #pragma HLS ARRAY_PARTITION variable=cell complete
    #pragma HLS ARRAY_PARTITION variable=h complete
    lmu_reset<h_T, CONFIG_T>(mem, cell, h);
    const unsigned steps = CONFIG_T::counted(length.read()[0]);
    lmu_stream_of<typename CONFIG_T::strategy>::template run<data_T, res_T, CONFIG_T>(
        steps, data, res, mem, cell, h, LMU_WEIGHTS());
}

// The layer of a stateful network: as lmu_stateful.
template <class data_T, class res_T, typename CONFIG_T, class data_S, class res_S>
static void lmu_stateful_stream(data_S &data, res_S &res, LMU_WEIGHTS_OF(CONFIG_T)) {
    typedef typename res_T::value_type h_T;
    static typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order] = {};
    static typename CONFIG_T::cell_t cell[CONFIG_T::units] = {};
    static h_T h[CONFIG_T::units] = {};
    #pragma HLS ARRAY_PARTITION variable=mem complete
    #pragma HLS ARRAY_PARTITION variable=cell complete
    #pragma HLS ARRAY_PARTITION variable=h complete
    #pragma HLS RESET variable=mem
    #pragma HLS RESET variable=cell
    #pragma HLS RESET variable=h
#ifndef __SYNTHESIS__
    if (lmu_state_of_call == 0) {
        lmu_stream<data_T, res_T, CONFIG_T>(data, res, LMU_WEIGHTS());
        return;
    }
    if (lmu_state_of_call == 2)
        lmu_reset<h_T, CONFIG_T>(mem, cell, h);
#endif
    lmu_stream_of<typename CONFIG_T::strategy>::template run<data_T, res_T, CONFIG_T>(
        CONFIG_T::n_timesteps, data, res, mem, cell, h, LMU_WEIGHTS());
}

} // namespace nnet

#endif
