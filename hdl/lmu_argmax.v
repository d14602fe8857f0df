// The place of the largest of N values; of equal ones the first.
//
//   Signal           Width    Direction   Description
//   clk              1        in          rising edge
//   rst              1        in          synchronous, active high, clears control; the next beat begins a step
//   s_axis_tdata     WIDTH    in          signed, N beats a step
//   s_axis_tlast     1        in          read on a step's last beat
//   m_axis_tdata     OUT_W    out         0..N-1, one beat a step
//   m_axis_tlast     1        out         s_axis_tlast of the step's last beat
//
//   Cycles (exact, without gaps and back-pressure)
//   latency = 1      from a step's last input beat to its output beat
//   ii      = N      from one step's first input beat to that of the next
//
// Input beats are taken until the result of a step is due and the previous one has not been taken.

`default_nettype none

module lmu_argmax #(
    // Values of a step, 1 or more
    parameter integer N = 10,
    // Bits of a value
    parameter integer WIDTH = 16,
    // Bits of the place, $clog2(N) or more
    parameter integer OUT_W = 5
) (
    input wire clk,
    input wire rst,

    input  wire [WIDTH-1:0] s_axis_tdata,
    input  wire             s_axis_tvalid,
    output wire             s_axis_tready,
    input  wire             s_axis_tlast,

    output wire [OUT_W-1:0] m_axis_tdata,
    output wire             m_axis_tvalid,
    input  wire             m_axis_tready,
    output wire             m_axis_tlast
);

    localparam PLACE_W = N > 1 ? $clog2(N) : 1;

    generate
        if (N < 1 || WIDTH < 1) begin : g_check_sizes
            PARAM_ERROR_n_and_width_must_be_at_least_1 check ();
        end
        if (OUT_W < PLACE_W) begin : g_check_out_w
            PARAM_ERROR_out_w_must_hold_every_place check ();
        end
    endgenerate

    reg [PLACE_W-1:0] place_q;
    reg signed [WIDTH-1:0] best_q;
    reg [PLACE_W-1:0] best_place_q;
    reg m_valid_q, m_last_q;
    reg [PLACE_W-1:0] m_place_q;

    wire last_place = {1'b0, place_q} == N[PLACE_W:0] - 1'b1;
    wire accept = s_axis_tvalid && s_axis_tready;
    wire better = place_q == 0 || $signed(s_axis_tdata) > best_q;

    assign s_axis_tready = !(last_place && m_valid_q) || m_axis_tready;
    assign m_axis_tdata = {{(OUT_W - PLACE_W) {1'b0}}, m_place_q};
    assign m_axis_tvalid = m_valid_q;
    assign m_axis_tlast = m_last_q;

    always @(posedge clk) begin
        if (m_axis_tready) m_valid_q <= 1'b0;
        if (accept) begin
            place_q <= last_place ? {PLACE_W{1'b0}} : place_q + 1'b1;
            if (better) begin
                best_q <= s_axis_tdata;
                best_place_q <= place_q;
            end
            if (last_place) begin
                m_valid_q <= 1'b1;
                m_place_q <= better ? place_q : best_place_q;
                m_last_q <= s_axis_tlast;
            end
        end
        if (rst) begin
            place_q <= {PLACE_W{1'b0}};
            m_valid_q <= 1'b0;
        end
    end

endmodule

`default_nettype wire
