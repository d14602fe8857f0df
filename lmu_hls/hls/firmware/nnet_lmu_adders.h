// SPDX-License-Identifier: Apache-2.0
#ifndef NNET_LMU_ADDERS_H_
#define NNET_LMU_ADDERS_H_

// The memory of an LMU without multiplications: mem = A mem + B u, where CONFIG_T::memory_sums, made for this A and B,
// adds shifted values. The sums are integers; each has as many bits as it needs. All of it is unrolled.

#include "nnet_lmu_numbers.h"

namespace nnet {

// x 2^SHIFT in W bits, of which it needs no more; C simulation has more.
template <int W, int SHIFT, class x_T> lmu_int<W> lmu_shifted(const x_T &x) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    return lmu_int<W>(x) << SHIFT;
#else
    return x * (1LL << SHIFT);
#endif
}

// The number whose bits are those of x.
template <class T, class x_T> T lmu_of_raw(const x_T &x) {
    #pragma HLS INLINE
    return lmu_of_bits<T>(lmu_uint<T::width>(x));
}

template <typename CONFIG_T> struct lmu_adders_update {
    static void step(const bool, const typename CONFIG_T::u_t u[CONFIG_T::memory_d], const typename CONFIG_T::a_t *,
                     const typename CONFIG_T::b_t *, const typename CONFIG_T::lam_t *,
                     const typename CONFIG_T::gam_t *, const typename CONFIG_T::kap_t *,
                     const typename CONFIG_T::bet_t *,
                     typename CONFIG_T::mem_t mem[CONFIG_T::memory_d * CONFIG_T::order]) {
        #pragma HLS INLINE
        const unsigned order = CONFIG_T::order;
    ChannelLoop:
        for (unsigned c = 0; c < CONFIG_T::memory_d; c++) {
            #pragma HLS UNROLL
            typename CONFIG_T::mem_t old[order];
            typename CONFIG_T::mem_accum_t sums[order];
            #pragma HLS ARRAY_PARTITION variable=old complete
            #pragma HLS ARRAY_PARTITION variable=sums complete
        LoadLoop:
            for (unsigned i = 0; i < order; i++) {
                #pragma HLS UNROLL
                old[i] = mem[c * order + i];
            }
            CONFIG_T::memory_sums(u[c], old, sums);
        StoreLoop:
            for (unsigned i = 0; i < order; i++) {
                #pragma HLS UNROLL
                mem[c * order + i] = lmu_rounded<typename CONFIG_T::mem_t>(sums[i]);
            }
        }
    }
};

} // namespace nnet

#endif
