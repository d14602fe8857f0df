// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_BLACKBOX_H_
#define NNET_LMU_BLACKBOX_H_

// The memory update of an LMU (nnet_lmu.h) by hand-written Verilog: an RTL blackbox of Vitis HLS.
//
// A step is one call of CONFIG_T::memory_step, which reads memory_d words {fresh, u} from one FIFO and writes memory_d x
// order states to another. The state lies in the Verilog; mem is a copy for what reads it. Feed and drain stand between
// the blackbox and the arrays, since an argument of a top function cannot go straight into a blackbox. The states come
// as the unit gives them: channel after channel, or descending from the highest degree with all channels at each.

#include "hls_stream.h"
#include "nnet_lmu.h"

namespace nnet {

template <typename CONFIG_T> using lmu_u_word = ap_uint<CONFIG_T::u_t::width + 1>; // {fresh, u}
template <typename CONFIG_T> using lmu_mem_word = ap_uint<CONFIG_T::mem_t::width>;

// Where in mem the state of number k lies.
template <typename CONFIG_T> unsigned lmu_place(const unsigned k) {
    #pragma HLS INLINE
    const unsigned order = CONFIG_T::order, n = CONFIG_T::memory_d;
    return CONFIG_T::degrees_descending ? k % n * order + (order - 1 - k / n) : k;
}

template <typename CONFIG_T>
void lmu_feed(const bool fresh, const typename CONFIG_T::u_t u[CONFIG_T::memory_d],
              hls::stream<lmu_u_word<CONFIG_T> > &words) {
    #pragma HLS INLINE off
FeedLoop:
    for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
        #pragma HLS PIPELINE II=1
        lmu_u_word<CONFIG_T> word = lmu_bits(u[c]);
        word[CONFIG_T::u_t::width] = fresh;
        words.write(word);
    }
}

template <typename CONFIG_T>
void lmu_drain(hls::stream<lmu_mem_word<CONFIG_T> > &states,
               typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
    #pragma HLS INLINE off
DrainLoop:
    for (unsigned k = 0; k < CONFIG_T::memory_d * CONFIG_T::order; k++) {
        #pragma HLS PIPELINE II=1
        mem[lmu_place<CONFIG_T>(k)] = lmu_of_bits<typename CONFIG_T::mem_t>(states.read());
    }
}

// The coefficients are in the Verilog: their arrays are not read.
template <typename CONFIG_T> struct lmu_rtl_update {
    static void step(const bool fresh, const typename CONFIG_T::u_t u[CONFIG_T::memory_d],
                     const typename CONFIG_T::a_t *, const typename CONFIG_T::b_t *, const typename CONFIG_T::lam_t *,
                     const typename CONFIG_T::gam_t *, const typename CONFIG_T::kap_t *,
                     const typename CONFIG_T::bet_t *,
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
        #pragma HLS INLINE off
        #pragma HLS DATAFLOW
        hls::stream<lmu_u_word<CONFIG_T> > words;
        hls::stream<lmu_mem_word<CONFIG_T> > states;
        #pragma HLS STREAM variable=words depth=CONFIG_T::memory_d
        #pragma HLS STREAM variable=states depth=2
        lmu_feed<CONFIG_T>(fresh, u, words);
        CONFIG_T::memory_step(words, states);
        lmu_drain<CONFIG_T>(states, mem);
    }
};

// What the Verilog does, for C simulation: a step by update_T, on a state that stays between the calls.
template <typename CONFIG_T, class update_T>
void lmu_memory_model(hls::stream<lmu_u_word<CONFIG_T> > &words, hls::stream<lmu_mem_word<CONFIG_T> > &states,
                      const typename CONFIG_T::a_t *a, const typename CONFIG_T::b_t *b,
                      const typename CONFIG_T::lam_t *lam, const typename CONFIG_T::gam_t *gam,
                      const typename CONFIG_T::kap_t *kap, const typename CONFIG_T::bet_t *bet) {
    static typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order];
    typename CONFIG_T::u_t u[CONFIG_T::memory_d];
    bool fresh = false;
    for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
        const lmu_u_word<CONFIG_T> word = words.read();
        u[c] = lmu_of_bits<typename CONFIG_T::u_t>(word.range(CONFIG_T::u_t::width - 1, 0));
        if (c == 0)
            fresh = word[CONFIG_T::u_t::width];
    }
    for (unsigned k = 0; fresh && k < CONFIG_T::memory_d * CONFIG_T::order; k++)
        mem[k] = 0;
    update_T::step(fresh, u, a, b, lam, gam, kap, bet, mem);
    for (unsigned k = 0; k < CONFIG_T::memory_d * CONFIG_T::order; k++)
        states.write(lmu_bits(mem[lmu_place<CONFIG_T>(k)]));
}

} // namespace nnet

#endif
