// SPDX-License-Identifier: Apache-2.0
// The rules of one AXI4-Stream for the `ifdef FORMAL of a module: a beat that is not taken stays, and stays the same.
//
//   IN = 1   a stream that comes into the module: assumed where the module is the top, proven inside another one
//   IN = 0   a stream that goes out: proven
//
//   Signal    Width   Direction   Description        connected by place, in this order
//   clk, rst  1       in          rising edge; rst is synchronous, active high; assumed in the first cycle
//   valid     1       in          there is a beat
//   ready     1       in          it is taken
//   payload   WIDTH   in          all that goes with a beat: {tuser, tlast, tdata}

`default_nettype none  // verilator lint_off TIMESCALEMOD

module f_axis #(
    // 1: the stream comes in
    parameter integer IN = 0,
    // Bits of the payload
    parameter integer WIDTH = 1
) (
    input wire clk, rst,
    input wire valid, ready,
    input wire [WIDTH-1:0] payload
);

    reg past_q = 1'b0;
    always @(posedge clk) past_q <= 1'b1;
    always @* if (!past_q) assume (rst);

    always @(posedge clk) if (past_q && $past(!rst && valid && !ready)) begin
        if (IN != 0) begin
            assume (valid);
            assume ($stable(payload));
        end else begin
            valid_holds : assert (valid);
            payload_holds : assert ($stable(payload));
        end
    end

endmodule
`default_nettype wire
