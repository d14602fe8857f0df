// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_CELLS_H_
#define NNET_LMU_CELLS_H_

// The hidden cells of an LMU (nnet_lmu.h): h from mem, x and the h of the step before.
//
//     none    h = mem
//     dense   pre = H_mem' mem [+ H_x' x] [+ H_h' h] [+ bias];  h = activation(pre)         with H_h a SimpleRNN cell
//     LSTM    pre as before, for the gates i, f, g, o one after the other
//             i, f, o = gate_activation(pre);  g = activation(pre)
//             cell = f cell + i g;  h = o activation(cell)
//     GRU     s = H_mem' mem [+ H_x' x] [+ bias], for the gates z, r, g one after the other
//             z, r = gate_activation(s + H_h' h [+ recurrent bias])
//             inner = H_h' h [+ recurrent bias];  pre = s + r inner                         with reset_after
//             inner = r h;                        pre = s + H_h' inner                      without
//             g = activation(pre);  h = z h + (1 - z) g
//
// pre, gate (i, f, o, z, r), candidate (g), cell, squashed (activation(cell)), inner and h are named tensors: rounded
// once, when they are assigned. Sums are exact. Every cell takes all the arrays and reads those that it has. A loop over
// units starts an iteration every unit_interval cycles: so long do the two ports of a table take for a tile of units.

#include "nnet_lmu_function.h"
#include "nnet_lmu_matrix.h"

namespace nnet {

// The activations of a cell, each with the index of its tables.
template <class res_T, typename CONFIG_T, class data_T, class table_T>
res_T lmu_activation_of(const data_T value, const table_T *table) {
    #pragma HLS INLINE
    return CONFIG_T::activation::template of<res_T, typename CONFIG_T::table_index_t>(value, table);
}

template <typename CONFIG_T, class data_T>
typename CONFIG_T::gate_t lmu_gate(const data_T value, const typename CONFIG_T::gate_table_t *table) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::gate_table_index_t index_t;
    return CONFIG_T::gate_activation::template of<typename CONFIG_T::gate_t, index_t>(value, table);
}

template <typename CONFIG_T, class data_T>
typename CONFIG_T::squashed_t lmu_squash(const data_T value, const typename CONFIG_T::squash_table_t *table) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::squash_table_index_t index_t;
    return CONFIG_T::squash_activation::template of<typename CONFIG_T::squashed_t, index_t>(value, table);
}

// sum = H_mem' mem [+ H_x' x] [+ bias], WIDTH columns.
template <unsigned WIDTH, typename CONFIG_T, class x_T, class acc_T>
void lmu_inputs(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order], const x_T x[CONFIG_T::n_in],
                const typename CONFIG_T::hidden_mem_t hidden_mem[CONFIG_T::n_hidden_mem],
                const typename CONFIG_T::hidden_x_t hidden_x[CONFIG_T::n_hidden_x],
                const typename CONFIG_T::hidden_bias_t hidden_bias[CONFIG_T::n_hidden_bias], acc_T sum[WIDTH]) {
    #pragma HLS INLINE
    const unsigned n_mem = CONFIG_T::memory_d * CONFIG_T::order;
    lmu_begin<WIDTH, CONFIG_T::hidden_bias>(hidden_bias, sum);
    lmu_multiply<n_mem, WIDTH, 0, WIDTH, typename CONFIG_T::hidden_mem_tile>(mem, hidden_mem, sum);
    if (CONFIG_T::input_to_hidden)
        lmu_multiply<CONFIG_T::n_in, WIDTH, 0, WIDTH, typename CONFIG_T::hidden_x_tile>(x, hidden_x, sum);
}

template <class x_T, class h_T, typename CONFIG_T> struct lmu_no_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order], const x_T *,
                     const typename CONFIG_T::hidden_mem_t *, const typename CONFIG_T::hidden_x_t *,
                     const typename CONFIG_T::hidden_h_t *, const typename CONFIG_T::hidden_bias_t *,
                     const typename CONFIG_T::hidden_recurrent_bias_t *, const typename CONFIG_T::table_t *,
                     const typename CONFIG_T::gate_table_t *, const typename CONFIG_T::squash_table_t *,
                     typename CONFIG_T::cell_t *, h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
    UnitLoop:
        for (unsigned k = 0; k < CONFIG_T::units; k++) {
            #pragma HLS UNROLL
            h[k] = mem[k];
        }
    }
};

template <class x_T, class h_T, typename CONFIG_T> struct lmu_dense_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     const x_T x[CONFIG_T::n_in],
                     const typename CONFIG_T::hidden_mem_t hidden_mem[CONFIG_T::n_hidden_mem],
                     const typename CONFIG_T::hidden_x_t hidden_x[CONFIG_T::n_hidden_x],
                     const typename CONFIG_T::hidden_h_t hidden_h[CONFIG_T::n_hidden_h],
                     const typename CONFIG_T::hidden_bias_t hidden_bias[CONFIG_T::n_hidden_bias],
                     const typename CONFIG_T::hidden_recurrent_bias_t *,
                     const typename CONFIG_T::table_t *table, const typename CONFIG_T::gate_table_t *,
                     const typename CONFIG_T::squash_table_t *, typename CONFIG_T::cell_t *,
                     h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
        const unsigned n = CONFIG_T::units;
        typename CONFIG_T::pre_accum_t sum[n]; // all of them read the old h
        #pragma HLS ARRAY_PARTITION variable=sum complete
        lmu_inputs<n, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, sum);
        if (CONFIG_T::hidden_recurrent)
            lmu_multiply<n, n, 0, n, typename CONFIG_T::hidden_h_tile>(h, hidden_h, sum);
    UnitLoop:
        for (unsigned first = 0; first < n; first += CONFIG_T::unit_tile) {
            #pragma HLS PIPELINE II=CONFIG_T::unit_interval
        UnitTile:
            for (unsigned k = first; k < first + CONFIG_T::unit_tile; k++) {
                #pragma HLS UNROLL
                if (n % CONFIG_T::unit_tile == 0 || k < n) {
                    const typename CONFIG_T::pre_t pre = lmu_rounded<typename CONFIG_T::pre_t>(sum[k]);
                    h[k] = lmu_activation_of<h_T, CONFIG_T>(pre, table);
                }
            }
        }
    }
};

template <class x_T, class h_T, typename CONFIG_T> struct lmu_lstm_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     const x_T x[CONFIG_T::n_in],
                     const typename CONFIG_T::hidden_mem_t hidden_mem[CONFIG_T::n_hidden_mem],
                     const typename CONFIG_T::hidden_x_t hidden_x[CONFIG_T::n_hidden_x],
                     const typename CONFIG_T::hidden_h_t hidden_h[CONFIG_T::n_hidden_h],
                     const typename CONFIG_T::hidden_bias_t hidden_bias[CONFIG_T::n_hidden_bias],
                     const typename CONFIG_T::hidden_recurrent_bias_t *,
                     const typename CONFIG_T::table_t *table, const typename CONFIG_T::gate_table_t *gate_table,
                     const typename CONFIG_T::squash_table_t *squash_table, typename CONFIG_T::cell_t *cell,
                     h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
        const unsigned n = CONFIG_T::units;
        typedef typename CONFIG_T::pre_t pre_t;
        typedef typename CONFIG_T::gate_t gate_t;
        typedef typename CONFIG_T::candidate_t candidate_t;
        typedef typename CONFIG_T::squashed_t squashed_t;
        typename CONFIG_T::pre_accum_t sum[4 * n]; // all of them read the old h
        #pragma HLS ARRAY_PARTITION variable=sum complete
        lmu_inputs<4 * n, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, sum);
        lmu_multiply<n, 4 * n, 0, 4 * n, typename CONFIG_T::hidden_h_tile>(h, hidden_h, sum);
    UnitLoop:
        for (unsigned first = 0; first < n; first += CONFIG_T::unit_tile) {
            #pragma HLS PIPELINE II=CONFIG_T::unit_interval
        UnitTile:
            for (unsigned k = first; k < first + CONFIG_T::unit_tile; k++) {
                #pragma HLS UNROLL
                if (n % CONFIG_T::unit_tile == 0 || k < n) {
                    const pre_t pre_i = lmu_rounded<pre_t>(sum[k]), pre_f = lmu_rounded<pre_t>(sum[n + k]);
                    const pre_t pre_g = lmu_rounded<pre_t>(sum[2 * n + k]), pre_o = lmu_rounded<pre_t>(sum[3 * n + k]);
                    const gate_t i = lmu_gate<CONFIG_T>(pre_i, gate_table);
                    const gate_t f = lmu_gate<CONFIG_T>(pre_f, gate_table);
                    const candidate_t g = lmu_activation_of<candidate_t, CONFIG_T>(pre_g, table);
                    const gate_t o = lmu_gate<CONFIG_T>(pre_o, gate_table);
                    typename CONFIG_T::cell_accum_t next = f * cell[k];
                    next += i * g;
                    cell[k] = lmu_rounded<typename CONFIG_T::cell_t>(next);
                    const squashed_t s = lmu_squash<CONFIG_T>(cell[k], squash_table);
                    const typename CONFIG_T::h_accum_t product = o * s;
                    h[k] = lmu_rounded<h_T>(product);
                }
            }
        }
    }
};

template <class x_T, class h_T, typename CONFIG_T> struct lmu_gru_cell {
    static void step(const typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order],
                     const x_T x[CONFIG_T::n_in],
                     const typename CONFIG_T::hidden_mem_t hidden_mem[CONFIG_T::n_hidden_mem],
                     const typename CONFIG_T::hidden_x_t hidden_x[CONFIG_T::n_hidden_x],
                     const typename CONFIG_T::hidden_h_t hidden_h[CONFIG_T::n_hidden_h],
                     const typename CONFIG_T::hidden_bias_t hidden_bias[CONFIG_T::n_hidden_bias],
                     const typename CONFIG_T::hidden_recurrent_bias_t
                         hidden_recurrent_bias[CONFIG_T::n_hidden_recurrent_bias],
                     const typename CONFIG_T::table_t *table, const typename CONFIG_T::gate_table_t *gate_table,
                     const typename CONFIG_T::squash_table_t *, typename CONFIG_T::cell_t *,
                     h_T h[CONFIG_T::units]) {
        #pragma HLS INLINE
        typedef typename CONFIG_T::pre_accum_t gate_acc_t;
        typedef typename CONFIG_T::inner_accum_t inner_acc_t;
        typedef typename CONFIG_T::candidate_accum_t acc_t;
        typedef typename CONFIG_T::candidate_t candidate_t;
        typedef typename CONFIG_T::hidden_h_tile tile;
        const unsigned n = CONFIG_T::units;
        typename lmu_either<gate_acc_t, acc_t>::type sum[3 * n];             // s
        typename lmu_either<gate_acc_t, inner_acc_t>::type recurrent[3 * n]; // H_h' h [+ recurrent bias]
        typename CONFIG_T::gate_t gate[2 * n];                               // z, then r
        typename CONFIG_T::inner_t inner[n];
        #pragma HLS ARRAY_PARTITION variable=sum complete
        #pragma HLS ARRAY_PARTITION variable=recurrent complete
        #pragma HLS ARRAY_PARTITION variable=gate complete
        #pragma HLS ARRAY_PARTITION variable=inner complete
        lmu_inputs<3 * n, CONFIG_T>(mem, x, hidden_mem, hidden_x, hidden_bias, sum);
        lmu_begin<3 * n, CONFIG_T::hidden_recurrent_bias>(hidden_recurrent_bias, recurrent);
        if (CONFIG_T::reset_after)
            lmu_multiply<n, 3 * n, 0, 3 * n, tile>(h, hidden_h, recurrent);
        else
            lmu_multiply<n, 3 * n, 0, 2 * n, tile>(h, hidden_h, recurrent);
    GateLoop:
        for (unsigned first = 0; first < n; first += CONFIG_T::unit_tile) {
            #pragma HLS PIPELINE II=CONFIG_T::unit_interval
        GateTile:
            for (unsigned k = first; k < first + CONFIG_T::unit_tile; k++) {
                #pragma HLS UNROLL
                if (n % CONFIG_T::unit_tile == 0 || k < n) {
                    gate_acc_t z = sum[k], r = sum[n + k];
                    z += recurrent[k];
                    r += recurrent[n + k];
                    const typename CONFIG_T::pre_t pre_z = lmu_rounded<typename CONFIG_T::pre_t>(z);
                    const typename CONFIG_T::pre_t pre_r = lmu_rounded<typename CONFIG_T::pre_t>(r);
                    gate[k] = lmu_gate<CONFIG_T>(pre_z, gate_table);
                    gate[n + k] = lmu_gate<CONFIG_T>(pre_r, gate_table);
                    inner_acc_t next = recurrent[2 * n + k];
                    if (!CONFIG_T::reset_after)
                        next = gate[n + k] * h[k];
                    inner[k] = lmu_rounded<typename CONFIG_T::inner_t>(next);
                }
            }
        }
        if (!CONFIG_T::reset_after)
            lmu_multiply<n, 3 * n, 2 * n, n, tile>(inner, hidden_h, sum);
    UnitLoop:
        for (unsigned first = 0; first < n; first += CONFIG_T::unit_tile) {
            #pragma HLS PIPELINE II=CONFIG_T::unit_interval
        UnitTile:
            for (unsigned k = first; k < first + CONFIG_T::unit_tile; k++) {
                #pragma HLS UNROLL
                if (n % CONFIG_T::unit_tile == 0 || k < n) {
                    acc_t next = sum[2 * n + k];
                    if (CONFIG_T::reset_after)
                        next += gate[n + k] * inner[k];
                    const typename CONFIG_T::pre_t pre = lmu_rounded<typename CONFIG_T::pre_t>(next);
                    const candidate_t g = lmu_activation_of<candidate_t, CONFIG_T>(pre, table);
                    typename CONFIG_T::h_accum_t mix = g; // z h + (1 - z) g = g + z (h - g), exactly
                    mix += gate[k] * (h[k] - g);
                    h[k] = lmu_rounded<h_T>(mix);
                }
            }
        }
    }
};

} // namespace nnet

#endif
