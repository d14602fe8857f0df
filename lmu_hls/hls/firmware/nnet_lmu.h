// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_H_
#define NNET_LMU_H_

// Legendre Memory Unit (LMU), io_parallel.
//
// One step, for the input x and the state (mem, h) of the step before:
//
//     u   = E_x' x  [+ E_h' h]  [+ E_mem' mem]  [+ bias]      memory_d values, one for each channel
//     mem = A mem + B u                                       order values a channel, channel after channel;
//                                                             or the same in O(order): lmu_tridiagonal_update
//     h   = cell(mem, x, h)                                   units values: nnet_lmu_cells.h
//
// Numbers: u, mem, h and those that cell and update name are the named tensors; each value of theirs is rounded once,
// when it is assigned, with the rounding and overflow mode of its type. Between two assignments everything is exact:
// the types *_accum_t are computed at conversion to hold every partial sum. The order of summation does not matter.
//
// Time: the steps follow one another in a pipelined loop, with ceil(multiplications of a step / reuse_factor)
// multipliers. reuse_factor is a request: a step needs mem, and with E_h or a recurrent cell also h, of the step
// before, so the initiation interval cannot be shorter than that path through the arithmetic.
//
// State starts at zero in every call.

#include "nnet_lmu_cells.h"

namespace nnet {

// Stands for the weights of a connection that the layer does not have. They are never read.
typedef lmu_ufixed<2, 2> lmu_none_t;
static const lmu_none_t lmu_none[1] = {0};

// u from x and from the h and mem of the step before.
template <class x_T, class h_T, typename CONFIG_T>
void lmu_encode(const x_T x[CONFIG_T::n_in], const h_T h[CONFIG_T::units],
                const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                const typename CONFIG_T::encoder_x_t *encoder_x, const typename CONFIG_T::encoder_h_t *encoder_h,
                const typename CONFIG_T::encoder_mem_t *encoder_mem,
                const typename CONFIG_T::encoder_bias_t *encoder_bias, typename CONFIG_T::u_t u[CONFIG_T::memory_d]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::u_accum_t acc_t;
    const unsigned n_mem = CONFIG_T::memory_d * CONFIG_T::order;
EncodeLoop:
    for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
        #pragma HLS UNROLL
        acc_t sum = lmu_sum<CONFIG_T::n_in, CONFIG_T::memory_d, acc_t>(x, encoder_x, c);
        if (CONFIG_T::hidden_to_memory)
            sum += lmu_sum<CONFIG_T::units, CONFIG_T::memory_d, acc_t>(h, encoder_h, c);
        if (CONFIG_T::memory_to_memory)
            sum += lmu_sum<n_mem, CONFIG_T::memory_d, acc_t>(mem, encoder_mem, c);
        if (CONFIG_T::encoder_bias)
            sum += encoder_bias[c];
        u[c] = sum;
    }
}

// mem = A mem + B u. All channels share A (order x order, row major) and B (order).
template <typename CONFIG_T> struct lmu_dense_update {
    static void step(const typename CONFIG_T::u_t u[CONFIG_T::memory_d], const typename CONFIG_T::a_t *a,
                     const typename CONFIG_T::b_t *b, const typename CONFIG_T::lam_t *,
                     const typename CONFIG_T::gam_t *, const typename CONFIG_T::kap_t *,
                     const typename CONFIG_T::bet_t *,
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
        #pragma HLS INLINE
    ChannelLoop:
        for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
            #pragma HLS UNROLL
            typename CONFIG_T::mem_t next[CONFIG_T::order]; // every row of A reads the old state
            #pragma HLS ARRAY_PARTITION variable=next complete
        RowLoop:
            for (unsigned i = 0; i < CONFIG_T::order; i++) {
                #pragma HLS UNROLL
                typename CONFIG_T::mem_accum_t sum = b[i] * u[c];
            ColumnLoop:
                for (unsigned j = 0; j < CONFIG_T::order; j++) {
                    #pragma HLS UNROLL
                    sum += a[i * CONFIG_T::order + j] * mem[c * CONFIG_T::order + j];
                }
                next[i] = sum;
            }
        StoreLoop:
            for (unsigned i = 0; i < CONFIG_T::order; i++) {
                #pragma HLS UNROLL
                mem[c * CONFIG_T::order + i] = next[i];
            }
        }
    }
};

// The bilinear step with 4 order - 2 multiplications a channel, in two sweeps (lam_0 and kap_{order-1} are zero):
//
//     f_i = -(mem_i + bet_i u / 2) - lam_i f_{i-1}     i = 0 .. order-1      assigned to sweep_t
//     z_i = gam_i f_i + kap_i z_{i+1}                  i = order-1 .. 0      assigned to sweep_t
//     mem_i = mem_i + bet_i u + 2 z_i
//
// A sweep is a chain of order multiplications, so a step takes longer than the dense one; channels run side by side.
template <typename CONFIG_T> struct lmu_tridiagonal_update {
    static void step(const typename CONFIG_T::u_t u[CONFIG_T::memory_d], const typename CONFIG_T::a_t *,
                     const typename CONFIG_T::b_t *, const typename CONFIG_T::lam_t *lam,
                     const typename CONFIG_T::gam_t *gam, const typename CONFIG_T::kap_t *kap,
                     const typename CONFIG_T::bet_t *bet,
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
        #pragma HLS INLINE
    ChannelLoop:
        for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
            #pragma HLS UNROLL
            typename CONFIG_T::mem_accum_t drive[CONFIG_T::order]; // bet_i u
            typename CONFIG_T::sweep_t f[CONFIG_T::order];
            #pragma HLS ARRAY_PARTITION variable=drive complete
            #pragma HLS ARRAY_PARTITION variable=f complete
        ForwardLoop:
            for (unsigned i = 0; i < CONFIG_T::order; i++) {
                #pragma HLS UNROLL
                drive[i] = bet[i] * u[c];
                typename CONFIG_T::forward_accum_t half = drive[i];
                half >>= 1; // exact: the type has a bit for it
                typename CONFIG_T::forward_accum_t sum = 0;
                sum -= mem[c * CONFIG_T::order + i];
                sum -= half;
                if (i > 0)
                    sum -= lam[i] * f[i - 1];
                f[i] = sum;
            }
            typename CONFIG_T::sweep_t z = 0;
        BackwardLoop:
            for (unsigned k = 0; k < CONFIG_T::order; k++) {
                #pragma HLS UNROLL
                const unsigned i = CONFIG_T::order - 1 - k;
                typename CONFIG_T::backward_accum_t sum = gam[i] * f[i];
                if (k > 0)
                    sum += kap[i] * z;
                z = sum;
                typename CONFIG_T::mem_accum_t next = mem[c * CONFIG_T::order + i];
                next += drive[i];
                next += z + z;
                mem[c * CONFIG_T::order + i] = next;
            }
        }
    }
};

// The settings of a layer, with the smallest LMU as an example; parameters.h overrides all of them.
struct lmu_config {
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
    static const unsigned activation = lmu_linear;
    static const unsigned gate_activation = lmu_linear;

    static const unsigned reuse_factor = 1;
    static const unsigned multiplier_limit = 1;

    template <class CONFIG_T> using update = lmu_dense_update<CONFIG_T>;
    template <class x_T, class h_T, class CONFIG_T> using cell = lmu_no_cell<x_T, h_T, CONFIG_T>;
};

// The layer: data is n_timesteps x n_in; res is the last h, or every h (n_timesteps x units) with return_sequences.
template <class x_T, class h_T, typename CONFIG_T>
void lmu(x_T data[CONFIG_T::n_timesteps * CONFIG_T::n_in], h_T res[CONFIG_T::n_out],
         const typename CONFIG_T::encoder_x_t *encoder_x, const typename CONFIG_T::encoder_h_t *encoder_h,
         const typename CONFIG_T::encoder_mem_t *encoder_mem, const typename CONFIG_T::encoder_bias_t *encoder_bias,
         const typename CONFIG_T::a_t *a, const typename CONFIG_T::b_t *b, const typename CONFIG_T::lam_t *lam,
         const typename CONFIG_T::gam_t *gam, const typename CONFIG_T::kap_t *kap, const typename CONFIG_T::bet_t *bet,
         const typename CONFIG_T::hidden_mem_t *hidden_mem, const typename CONFIG_T::hidden_x_t *hidden_x,
         const typename CONFIG_T::hidden_h_t *hidden_h, const typename CONFIG_T::hidden_bias_t *hidden_bias,
         const typename CONFIG_T::hidden_recurrent_bias_t *hidden_recurrent_bias,
         const typename CONFIG_T::table_t *table, const typename CONFIG_T::gate_table_t *gate_table,
         const typename CONFIG_T::squash_table_t *squash_table) {
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit

    typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order];
    typename CONFIG_T::cell_t cell[CONFIG_T::units]; // state of an LSTM cell
    h_T h[CONFIG_T::units];
    #pragma HLS ARRAY_PARTITION variable=mem complete
    #pragma HLS ARRAY_PARTITION variable=cell complete
    #pragma HLS ARRAY_PARTITION variable=h complete
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

StepLoop:
    for (unsigned t = 0; t < CONFIG_T::n_timesteps; t++) {
        #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
        x_T x[CONFIG_T::n_in];
        typename CONFIG_T::u_t u[CONFIG_T::memory_d];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=u complete
    ReadLoop:
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            x[i] = data[t * CONFIG_T::n_in + i];
        }
        lmu_encode<x_T, h_T, CONFIG_T>(x, h, mem, encoder_x, encoder_h, encoder_mem, encoder_bias, u);
        CONFIG_T::template update<CONFIG_T>::step(u, a, b, lam, gam, kap, bet, mem);
        CONFIG_T::template cell<x_T, h_T, CONFIG_T>::step(mem, x, hidden_mem, hidden_x, hidden_h, hidden_bias,
                                                          hidden_recurrent_bias, table, gate_table, squash_table, cell,
                                                          h);
        if (CONFIG_T::return_sequences || t == CONFIG_T::n_timesteps - 1) {
        WriteLoop:
            for (unsigned k = 0; k < CONFIG_T::units; k++) {
                res[(CONFIG_T::return_sequences ? t * CONFIG_T::units : 0) + k] = h[k];
            }
        }
    }
}

} // namespace nnet

#endif
