// SPDX-License-Identifier: Apache-2.0
// One byte more in a CRC of 16 bits: CRC-16/IBM-3740 when it starts from 16'hFFFF.
//
//   sum = (seed * x^8 + data * x^16) mod (x^16 + x^12 + x^5 + 1)
//
//   Signal     Width   Direction   Description
//   seed       16      in          the CRC of the bytes before
//   data       8       in          the next byte, its highest bit first
//   sum        16      out         the CRC with it; 0 after the two bytes of the CRC itself, the high one first
//
//   Cycles
//   latency = 0        combinational

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_crc (
    input wire [15:0] seed,
    input wire [7:0] data,
    output wire [15:0] sum
);

    wire [7:0] high = seed[15:8] ^ data;
    wire [7:0] mixed = high ^ {4'd0, high[7:4]};
    assign sum = {seed[7:0], 8'd0} ^ {mixed[3:0], 12'd0} ^ {3'd0, mixed, 5'd0} ^ {8'd0, mixed};

endmodule
`default_nettype wire
