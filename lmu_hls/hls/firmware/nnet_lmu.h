// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_H_
#define NNET_LMU_H_

// Legendre Memory Unit (LMU), io_parallel.
//
// One step, for the input x and the state (mem, h) of the step before:
//
//     u   = E_x' x  [+ E_h' h]  [+ E_mem' mem]  [+ bias]      memory_d values, one for each channel
//     mem = A mem + B u                                       order values a channel, channel after channel;
//                                                             or the same in O(order): lmu_tridiagonal_update;
//                                                             or in additions: nnet_lmu_adders.h
//     h   = cell(mem, x, h)                                   units values: nnet_lmu_cells.h
//
// A layer without a memory (lmu_recurrent_config) is its cell alone, with x in the place of mem.
//
// Numbers: u, mem, h and those that cell and update name are the named tensors; each value of theirs is rounded once,
// when it is assigned, with the rounding and overflow mode of its type. Between two assignments everything is exact:
// the types *_accum_t are computed at conversion to hold every partial sum. The order of summation does not matter.
//
// Time: with Strategy Latency the whole step is unrolled, and the steps follow one another in a pipelined loop, with
// ceil(multiplications of a step / reuse_factor) multipliers. reuse_factor is a request: a step needs mem, and with E_h
// or a recurrent cell also h, of the step before, so the initiation interval cannot be shorter than that path through
// the arithmetic. With Strategy Resource a step is a chain of pipelined loops, one for each matrix, of reuse_factor
// iterations each: nnet_lmu_matrix.h.
//
// State starts at zero in every call of lmu. lmu_stateful keeps it from call to call: see there.

#include "nnet_lmu_adders.h"
#include "nnet_lmu_cells.h"

namespace nnet {

// Stands for the weights of a connection that the layer does not have. They are never read.

// The weights and tables of a layer, as parameters and as arguments.
#define LMU_WEIGHTS_OF(CONFIG_T)                                                                                       \
    const typename CONFIG_T::encoder_x_t encoder_x[CONFIG_T::n_encoder_x],                                             \
    const typename CONFIG_T::encoder_h_t encoder_h[CONFIG_T::n_encoder_h],                                             \
    const typename CONFIG_T::encoder_mem_t encoder_mem[CONFIG_T::n_encoder_mem],                                       \
    const typename CONFIG_T::encoder_bias_t encoder_bias[CONFIG_T::n_encoder_bias],                                    \
    const typename CONFIG_T::a_t a[CONFIG_T::n_a], const typename CONFIG_T::b_t b[CONFIG_T::n_b],                      \
    const typename CONFIG_T::lam_t lam[CONFIG_T::n_lam], const typename CONFIG_T::gam_t gam[CONFIG_T::n_gam],          \
    const typename CONFIG_T::kap_t kap[CONFIG_T::n_kap], const typename CONFIG_T::bet_t bet[CONFIG_T::n_bet],          \
    const typename CONFIG_T::hidden_mem_t hidden_mem[CONFIG_T::n_hidden_mem],                                          \
    const typename CONFIG_T::hidden_x_t hidden_x[CONFIG_T::n_hidden_x],                                                \
    const typename CONFIG_T::hidden_h_t hidden_h[CONFIG_T::n_hidden_h],                                                \
    const typename CONFIG_T::hidden_bias_t hidden_bias[CONFIG_T::n_hidden_bias],                                       \
    const typename CONFIG_T::hidden_recurrent_bias_t hidden_recurrent_bias[CONFIG_T::n_hidden_recurrent_bias],         \
    const typename CONFIG_T::table_t *table, const typename CONFIG_T::gate_table_t *gate_table,                        \
    const typename CONFIG_T::squash_table_t *squash_table
#define LMU_WEIGHTS() \
    encoder_x, encoder_h, encoder_mem, encoder_bias, a, b, lam, gam, kap, bet, hidden_mem, hidden_x, hidden_h,         \
    hidden_bias, hidden_recurrent_bias, table, gate_table, squash_table

// u from x and from the h and mem of the step before.
template <class x_T, class h_T, typename CONFIG_T>
void lmu_encode(const x_T x[CONFIG_T::n_in], const h_T h[CONFIG_T::units],
                const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                const typename CONFIG_T::encoder_x_t encoder_x[CONFIG_T::n_encoder_x],
                const typename CONFIG_T::encoder_h_t encoder_h[CONFIG_T::n_encoder_h],
                const typename CONFIG_T::encoder_mem_t encoder_mem[CONFIG_T::n_encoder_mem],
                const typename CONFIG_T::encoder_bias_t encoder_bias[CONFIG_T::n_encoder_bias],
                typename CONFIG_T::u_t u[CONFIG_T::memory_d]) {
    #pragma HLS INLINE
    const unsigned n = CONFIG_T::memory_d, n_mem = CONFIG_T::memory_d * CONFIG_T::order;
    typename CONFIG_T::u_accum_t sum[n];
    #pragma HLS ARRAY_PARTITION variable=sum complete
    lmu_begin<n, CONFIG_T::encoder_bias>(encoder_bias, sum);
    lmu_multiply<CONFIG_T::n_in, n, 0, n, typename CONFIG_T::encoder_x_tile>(x, encoder_x, sum);
    if (CONFIG_T::hidden_to_memory)
        lmu_multiply<CONFIG_T::units, n, 0, n, typename CONFIG_T::encoder_h_tile>(h, encoder_h, sum);
    if (CONFIG_T::memory_to_memory)
        lmu_multiply<n_mem, n, 0, n, typename CONFIG_T::encoder_mem_tile>(mem, encoder_mem, sum);
EncodeLoop:
    for (unsigned c = 0; c < n; c++) {
        #pragma HLS UNROLL
        u[c] = lmu_rounded<typename CONFIG_T::u_t>(sum[c]);
    }
}

// mem = A mem + B u. All channels share A (order x order, row major) and B (order). An iteration makes
// state_tile states of each of channel_tile channels; with Strategy Latency all of them.
template <typename CONFIG_T> struct lmu_dense_update {
    static void step(const bool, const typename CONFIG_T::u_t u[CONFIG_T::memory_d],
                     const typename CONFIG_T::a_t a[CONFIG_T::n_a], const typename CONFIG_T::b_t b[CONFIG_T::n_b],
                     const typename CONFIG_T::lam_t *, const typename CONFIG_T::gam_t *,
                     const typename CONFIG_T::kap_t *, const typename CONFIG_T::bet_t *,
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
        #pragma HLS INLINE
        #pragma HLS ARRAY_RESHAPE variable=a cyclic factor=CONFIG_T::state_tile * CONFIG_T::order
        #pragma HLS ARRAY_RESHAPE variable=b cyclic factor=CONFIG_T::state_tile
        const unsigned order = CONFIG_T::order, channels = CONFIG_T::channel_tile, states = CONFIG_T::state_tile;
        typename CONFIG_T::mem_t next[CONFIG_T::memory_d * order]; // every row of A reads the old state
        #pragma HLS ARRAY_PARTITION variable=next complete
    RowLoop:
        for (unsigned row = 0; row < order; row += states) {
        ChannelLoop:
            for (unsigned channel = 0; channel < CONFIG_T::memory_d; channel += channels) {
                #pragma HLS PIPELINE II=1
            RowTile:
                for (unsigned i = row; i < row + states; i++) {
                    #pragma HLS UNROLL
                ChannelTile:
                    for (unsigned c = channel; c < channel + channels; c++) {
                        #pragma HLS UNROLL
                        if (order % states == 0 || i < order) {
                            typename CONFIG_T::mem_accum_t sum = b[i] * u[c];
                        ColumnLoop:
                            for (unsigned j = 0; j < order; j++) {
                                #pragma HLS UNROLL
                                lmu_add_product(sum, a[i * order + j], mem[c * order + j]);
                            }
                            next[c * order + i] = lmu_rounded<typename CONFIG_T::mem_t>(sum);
                        }
                    }
                }
            }
        }
    StoreLoop:
        for (unsigned i = 0; i < CONFIG_T::memory_d * order; i++) {
            #pragma HLS UNROLL
            mem[i] = next[i];
        }
    }
};

// The bilinear step with 4 order - 2 multiplications a channel, in two sweeps (lam_0 and kap_{order-1} are zero):
//
//     f_i = -(mem_i + bet_i u / 2) - lam_i f_{i-1}     i = 0 .. order-1      assigned to sweep_t
//     z_i = gam_i f_i + kap_i z_{i+1}                  i = order-1 .. 0      assigned to sweep_t
//     mem_i = mem_i + bet_i u + 2 z_i
//
// A sweep is a chain of order multiplications, so a step takes longer than the dense one; channels run side by side, or
// after one another, channel_tile of them in an iteration. The arrays here are in the order of the iterations.
template <typename CONFIG_T> struct lmu_tridiagonal_update {
    static void step(const bool, const typename CONFIG_T::u_t u[CONFIG_T::memory_d], const typename CONFIG_T::a_t *,
                     const typename CONFIG_T::b_t *, const typename CONFIG_T::lam_t lam[CONFIG_T::n_lam],
                     const typename CONFIG_T::gam_t gam[CONFIG_T::n_gam],
                     const typename CONFIG_T::kap_t kap[CONFIG_T::n_kap],
                     const typename CONFIG_T::bet_t bet[CONFIG_T::n_bet],
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
        #pragma HLS INLINE
        const unsigned order = CONFIG_T::order, n = CONFIG_T::memory_d;
        const unsigned channels = CONFIG_T::channel_tile, states = CONFIG_T::state_tile; // states: 1, or all
        typename CONFIG_T::mem_accum_t drive[order * n]; // bet_i u
        typename CONFIG_T::sweep_t f[order * n];
        typename CONFIG_T::sweep_t last_f[n], z[n];
        #pragma HLS ARRAY_PARTITION variable=drive cyclic factor=states * channels
        #pragma HLS ARRAY_PARTITION variable=f cyclic factor=states * channels
        #pragma HLS ARRAY_PARTITION variable=last_f complete
        #pragma HLS ARRAY_PARTITION variable=z complete
    ForwardLoop:
        for (unsigned first = 0; first < order; first += states) {
        ForwardChannelLoop:
            for (unsigned channel = 0; channel < n; channel += channels) {
                #pragma HLS PIPELINE II=1
            ForwardTile:
                for (unsigned i = first; i < first + states; i++) {
                    #pragma HLS UNROLL
                ForwardChannelTile:
                    for (unsigned c = channel; c < channel + channels; c++) {
                        #pragma HLS UNROLL
                        const typename CONFIG_T::mem_accum_t driven = bet[i] * u[c];
                        typename CONFIG_T::forward_accum_t half = driven;
                        half >>= 1; // exact: the type has a bit for it
                        typename CONFIG_T::forward_accum_t sum = 0;
                        sum -= mem[c * order + i];
                        sum -= half;
                        if (i > 0)
                            sum -= lam[i] * last_f[c];
                        last_f[c] = lmu_rounded<typename CONFIG_T::sweep_t>(sum);
                        f[i * n + c] = last_f[c];
                        drive[i * n + c] = driven;
                    }
                }
            }
        }
    BackwardLoop:
        for (unsigned first = 0; first < order; first += states) {
        BackwardChannelLoop:
            for (unsigned channel = 0; channel < n; channel += channels) {
                #pragma HLS PIPELINE II=1
            BackwardTile:
                for (unsigned k = first; k < first + states; k++) {
                    #pragma HLS UNROLL
                BackwardChannelTile:
                    for (unsigned c = channel; c < channel + channels; c++) {
                        #pragma HLS UNROLL
                        const unsigned i = order - 1 - k;
                        typename CONFIG_T::backward_accum_t sum = gam[i] * f[i * n + c];
                        if (k > 0)
                            sum += kap[i] * z[c];
                        z[c] = lmu_rounded<typename CONFIG_T::sweep_t>(sum);
                        typename CONFIG_T::mem_accum_t next = mem[c * order + i];
                        next += drive[i * n + c];
                        next += z[c] + z[c];
                        mem[c * order + i] = lmu_rounded<typename CONFIG_T::mem_t>(next);
                    }
                }
            }
        }
    }
};

// What the cell reads: mem, made from x and from the h and mem of the step before.
template <class x_T, class h_T, typename CONFIG_T> struct lmu_memory {
    static void step(const bool fresh, const x_T x[CONFIG_T::n_in], const h_T h[CONFIG_T::units],
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     const typename CONFIG_T::encoder_x_t encoder_x[CONFIG_T::n_encoder_x],
                     const typename CONFIG_T::encoder_h_t encoder_h[CONFIG_T::n_encoder_h],
                     const typename CONFIG_T::encoder_mem_t encoder_mem[CONFIG_T::n_encoder_mem],
                     const typename CONFIG_T::encoder_bias_t encoder_bias[CONFIG_T::n_encoder_bias],
                     const typename CONFIG_T::a_t a[CONFIG_T::n_a], const typename CONFIG_T::b_t b[CONFIG_T::n_b],
                     const typename CONFIG_T::lam_t lam[CONFIG_T::n_lam],
                     const typename CONFIG_T::gam_t gam[CONFIG_T::n_gam],
                     const typename CONFIG_T::kap_t kap[CONFIG_T::n_kap],
                     const typename CONFIG_T::bet_t bet[CONFIG_T::n_bet]) {
        #pragma HLS INLINE
        typename CONFIG_T::u_t u[CONFIG_T::memory_d];
        #pragma HLS ARRAY_PARTITION variable=u complete
        lmu_encode<x_T, h_T, CONFIG_T>(x, h, mem, encoder_x, encoder_h, encoder_mem, encoder_bias, u);
        CONFIG_T::template update<CONFIG_T>::step(fresh, u, a, b, lam, gam, kap, bet, mem);
    }
};

// A layer without a memory, an LSTM, GRU or SimpleRNN: the cell reads x.
template <class x_T, class h_T, typename CONFIG_T> struct lmu_no_memory {
    static void step(const bool, const x_T x[CONFIG_T::n_in], const h_T *, x_T mem[CONFIG_T::n_in], const lmu_none_t *,
                     const lmu_none_t *, const lmu_none_t *, const lmu_none_t *, const lmu_none_t *, const lmu_none_t *,
                     const lmu_none_t *, const lmu_none_t *, const lmu_none_t *, const lmu_none_t *) {
        #pragma HLS INLINE
    CopyLoop:
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            mem[i] = x[i];
        }
    }
};

// One step: from x and the state (mem, cell, h) of the step before to the next state, whose h is the output. fresh: it
// is the first of a sequence, for a memory update that keeps its state elsewhere (nnet_lmu_blackbox.h).
template <class x_T, class h_T, typename CONFIG_T>
void lmu_step(const bool fresh, const x_T x[CONFIG_T::n_in],
              typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
              typename CONFIG_T::cell_t cell[CONFIG_T::units], h_T h[CONFIG_T::units], LMU_WEIGHTS_OF(CONFIG_T)) {
    #pragma HLS INLINE
    CONFIG_T::template memory<x_T, h_T, CONFIG_T>::step(fresh, x, h, mem, encoder_x, encoder_h, encoder_mem,
                                                        encoder_bias, a, b, lam, gam, kap, bet);
    CONFIG_T::template cell<x_T, h_T, CONFIG_T>::step(mem, x, hidden_mem, hidden_x, hidden_h, hidden_bias,
                                                      hidden_recurrent_bias, table, gate_table, squash_table, cell, h);
}

// The state at the begin of a sequence.
template <class h_T, typename CONFIG_T>
void lmu_reset(typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
               typename CONFIG_T::cell_t cell[CONFIG_T::units], h_T h[CONFIG_T::units]) {
    #pragma HLS INLINE
ZeroMem:
    for (unsigned i = 0; i < CONFIG_T::memory_d * CONFIG_T::order; i++) {
        #pragma HLS UNROLL
        mem[i] = 0;
    }
ZeroH:
    for (unsigned k = 0; k < CONFIG_T::units; k++) {
        #pragma HLS UNROLL
        cell[k] = 0;
        h[k] = 0;
    }
}

// Step t of a whole sequence, of which the first `length` steps count: the state, and with it the result, then stays.
template <class x_T, class h_T, typename CONFIG_T>
void lmu_step_of(const unsigned t, const unsigned length, x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in],
                 typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                 typename CONFIG_T::cell_t cell[CONFIG_T::units], h_T h[CONFIG_T::units], h_T res[CONFIG_T::n_out],
                 LMU_WEIGHTS_OF(CONFIG_T)) {
    #pragma HLS INLINE
    x_T x[CONFIG_T::n_in];
    #pragma HLS ARRAY_PARTITION variable=x complete
ReadLoop:
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        #pragma HLS UNROLL
        x[i] = data[t * CONFIG_T::n_in + i];
    }
    if (t < length)
        lmu_step<x_T, h_T, CONFIG_T>(t == 0, x, mem, cell, h, LMU_WEIGHTS());
    if (CONFIG_T::return_sequences || t == CONFIG_T::n_timesteps - 1) {
    WriteLoop:
        for (unsigned k = 0; k < CONFIG_T::units; k++) {
            #pragma HLS UNROLL
            res[(CONFIG_T::return_sequences ? t * CONFIG_T::units : 0) + k] = h[k];
        }
    }
}

// The strategies: all steps of a sequence. Latency unrolls a step and shares its multipliers between the operations.
struct lmu_latency {
    template <class x_T, class h_T, typename CONFIG_T>
    static void run(const unsigned length, x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in],
                    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                    typename CONFIG_T::cell_t cell[CONFIG_T::units], h_T h[CONFIG_T::units],
                    h_T res[CONFIG_T::n_out], LMU_WEIGHTS_OF(CONFIG_T)) {
        #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    StepLoop:
        for (unsigned t = 0; t < CONFIG_T::n_timesteps; t++) {
            #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
            lmu_step_of<x_T, h_T, CONFIG_T>(t, length, data, mem, cell, h, res, LMU_WEIGHTS());
        }
    }
};

// Resource runs the loops of a step one after the other, each with multipliers of its own.
struct lmu_resource {
    template <class x_T, class h_T, typename CONFIG_T>
    static void run(const unsigned length, x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in],
                    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                    typename CONFIG_T::cell_t cell[CONFIG_T::units], h_T h[CONFIG_T::units],
                    h_T res[CONFIG_T::n_out], LMU_WEIGHTS_OF(CONFIG_T)) {
    StepLoop:
        for (unsigned t = 0; t < CONFIG_T::n_timesteps; t++) {
            lmu_step_of<x_T, h_T, CONFIG_T>(t, length, data, mem, cell, h, res, LMU_WEIGHTS());
        }
    }
};

// The settings of a layer, with the smallest LMU as an example; parameters.h overrides all of them.
struct lmu_config {
    // Of the steps of a sequence of any length, those that come to this layer
    static unsigned counted(const unsigned n) { return n; }

    static const unsigned n_in = 1;
    static const unsigned n_timesteps = 1;
    static const unsigned memory_d = 1;
    static const unsigned order = 1;
    static const unsigned units = 1; // width of h: memory_d * order without a hidden cell
    static const unsigned n_out = 1; // units, or n_timesteps * units with return_sequences

    static const bool hidden_to_memory = false; // E_h
    static const bool memory_to_memory = false; // E_mem
    static const bool encoder_bias = false;     // bias of u
    static const bool return_sequences = false;

    static const bool input_to_hidden = false;       // H_x
    static const bool hidden_recurrent = false;      // H_h
    static const bool hidden_bias = false;           // bias of pre
    static const bool hidden_recurrent_bias = false; // a bias of H_h' h, in a GRU cell with reset_after
    static const bool reset_after = false;           // a GRU cell resets H_h' h and not h
    typedef lmu_linear activation;
    typedef lmu_linear gate_activation;
    typedef lmu_linear squash_activation;

    typedef lmu_latency strategy;
    static const unsigned reuse_factor = 1;
    static const unsigned multiplier_limit = 1; // of Strategy Latency
    static const unsigned state_tile = 1;       // states and channels of the memory, and units, an iteration
    static const unsigned channel_tile = 1;
    static const unsigned unit_tile = 1;
    static const unsigned unit_interval = 1; // cycles from one tile of units to the next

    // Also the sizes n_NAME of all weights, 1 for one that is absent, and the tiles NAME_tile of the matrices.

    template <class x_T, class h_T, class CONFIG_T> using memory = lmu_memory<x_T, h_T, CONFIG_T>;
    template <class CONFIG_T> using update = lmu_dense_update<CONFIG_T>;
    template <class x_T, class h_T, class CONFIG_T> using cell = lmu_no_cell<x_T, h_T, CONFIG_T>;
};

// The settings of a layer without a memory. Its mem is x: memory_d is n_in, mem_t the type of x. What an LMU has beside
// its cell is never read.
struct lmu_recurrent_config : lmu_config {
    typedef lmu_none_t encoder_x_t, encoder_h_t, encoder_mem_t, encoder_bias_t, hidden_x_t;
    typedef lmu_none_t a_t, b_t, lam_t, gam_t, kap_t, bet_t;
    static const unsigned n_encoder_x = 1, n_encoder_h = 1, n_encoder_mem = 1, n_encoder_bias = 1, n_hidden_x = 1;
    static const unsigned n_a = 1, n_b = 1, n_lam = 1, n_gam = 1, n_kap = 1, n_bet = 1;
    typedef lmu_tile<1, 1, 1> hidden_x_tile;

    template <class x_T, class h_T, class CONFIG_T> using memory = lmu_no_memory<x_T, h_T, CONFIG_T>;
};

// The layer: data is n_timesteps x n_in; res is the last h, or every h (n_timesteps x units) with return_sequences.
template <class x_T, class h_T, typename CONFIG_T>
void lmu(x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in], h_T res[CONFIG_T::n_out], LMU_WEIGHTS_OF(CONFIG_T)) {
    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order];
    typename CONFIG_T::cell_t cell[CONFIG_T::units]; // state of an LSTM cell
    h_T h[CONFIG_T::units];
    #pragma HLS ARRAY_PARTITION variable=mem complete
    #pragma HLS ARRAY_PARTITION variable=cell complete
    #pragma HLS ARRAY_PARTITION variable=h complete
    lmu_reset<h_T, CONFIG_T>(mem, cell, h);
    CONFIG_T::strategy::template run<x_T, h_T, CONFIG_T>(CONFIG_T::n_timesteps, data, mem, cell, h, res, LMU_WEIGHTS());
}

// The layer of a network that takes sequences of any length: length[0], 1 to n_timesteps, steps of data count. With
// return_sequences the last of their results stands again behind them.
template <class x_T, class h_T, typename CONFIG_T, class length_T>
void lmu_any_length(x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in], length_T length[1], h_T res[CONFIG_T::n_out],
                    LMU_WEIGHTS_OF(CONFIG_T)) {
    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order];
    typename CONFIG_T::cell_t cell[CONFIG_T::units];
    h_T h[CONFIG_T::units];
    #pragma HLS ARRAY_PARTITION variable=mem complete
    #pragma HLS ARRAY_PARTITION variable=cell complete
    #pragma HLS ARRAY_PARTITION variable=h complete
    lmu_reset<h_T, CONFIG_T>(mem, cell, h);
    const unsigned steps = CONFIG_T::counted(length[0]);
    CONFIG_T::strategy::template run<x_T, h_T, CONFIG_T>(steps, data, mem, cell, h, res, LMU_WEIGHTS());
}

#ifndef __SYNTHESIS__
// C simulation only: which state a call of a stateful layer has. 1: that of the call before, as in hardware. 2: the
// same arrays, zero at first. 0: arrays of its own, so that a sample is a sequence: what the bridge to Python begins with.
extern "C" {
__attribute__((weak)) int lmu_state_of_call = 1;
}
#endif

// The layer of a stateful network: what comes in is a chunk of a sequence, and the state stays until the reset of the
// hardware. The function has internal linkage, since two libraries in one process would share its arrays otherwise.
template <class x_T, class h_T, typename CONFIG_T>
static void lmu_stateful(x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in], h_T res[CONFIG_T::n_out],
                         LMU_WEIGHTS_OF(CONFIG_T)) {
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
        lmu<x_T, h_T, CONFIG_T>(data, res, LMU_WEIGHTS());
        return;
    }
    if (lmu_state_of_call == 2)
        lmu_reset<h_T, CONFIG_T>(mem, cell, h);
#endif
    CONFIG_T::strategy::template run<x_T, h_T, CONFIG_T>(CONFIG_T::n_timesteps, data, mem, cell, h, res, LMU_WEIGHTS());
}

} // namespace nnet

#endif
