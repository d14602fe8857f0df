// Gives each beat of a stream once to each of several outputs, which take it when they are ready, not all together.
//
//   Signal          Width     Direction   Description
//   clk             1         in          rising edge
//   rst             1         in          synchronous, active high, forgets who has taken the beat
//   s_axis_tdata    WIDTH     in          in; whatever belongs to the beat is packed into it
//   m_axis_tdata    WIDTH     out         out, the same for all outputs
//   m_axis_tvalid   OUTPUTS   out         one bit an output
//   m_axis_tready   OUTPUTS   in          one bit an output
//
//   Cycles
//   latency = 0     combinational
//   ii      = 1     while all outputs are ready
//
// A beat is taken from the input in the cycle in which the last of the outputs takes it.

`default_nettype none

module lmu_fork #(
    // Bits of a beat
    parameter integer WIDTH = 16,
    // Number of outputs, 1 or more
    parameter integer OUTPUTS = 2
) (
    input wire clk,
    input wire rst,

    input  wire [WIDTH-1:0] s_axis_tdata,
    input  wire             s_axis_tvalid,
    output wire             s_axis_tready,

    output wire [  WIDTH-1:0] m_axis_tdata,
    output wire [OUTPUTS-1:0] m_axis_tvalid,
    input  wire [OUTPUTS-1:0] m_axis_tready
);

    generate
        if (WIDTH < 1 || OUTPUTS < 1) begin : g_check
            PARAM_ERROR_width_and_outputs_must_be_at_least_1 check ();
        end
    endgenerate

    reg [OUTPUTS-1:0] done_q;  // outputs that have taken the beat already

    assign m_axis_tdata = s_axis_tdata;
    assign m_axis_tvalid = {OUTPUTS{s_axis_tvalid}} & ~done_q;
    assign s_axis_tready = &(done_q | m_axis_tready);

    always @(posedge clk) begin
        done_q <= s_axis_tready ? {OUTPUTS{1'b0}} : done_q | (m_axis_tvalid & m_axis_tready);
        if (rst) done_q <= {OUTPUTS{1'b0}};
    end

endmodule

`default_nettype wire
