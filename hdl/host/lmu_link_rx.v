// SPDX-License-Identifier: Apache-2.0
// Takes packets from the host: values for the network, a new start, the question who is there. docs/boards.md has the
// protocol.
//
//   packet = A5, kind, length (low byte first), payload, CRC (high byte first; of kind, length and payload)
//
//   Kind   Payload                 What is done                                                   Reply
//   I      none                    nothing                                                        I
//   S      none                    restart                                                        S
//   D      values, low byte first  the values go to the network                                   A
//   L      values, low byte first  the same, and the last of them ends the sequence               A
//
// Of several streams a byte with the number of one comes before its values.
//
// The payload is kept until its CRC is known, so that the network never sees a damaged one. Whatever is wrong gets the
// reply E, with 1 for a wrong CRC, 2 for an unknown kind, 3 for a length that is not possible, 4 for a packet that does
// not end, 5 for a byte outside of a packet, 6 for a stream that there is not; but not before the line has been quiet
// for PATIENCE cycles, so that the rest of that packet is not taken for another one. Bytes that come before the reply
// are not heard.
//
//   Signal          Width        Direction   Description
//   clk, rst        1            in          rising edge; rst is synchronous, active high
//   s_axis_*        8            in          bytes from the host
//   m_axis_*        8*IN_BYTES   out         values to the network, tlast with the last one of a sequence
//   m_axis_tdest    8            out         the number of the stream
//   r_axis_tdata    16           out         what to reply: the kind in the low byte, with E what is wrong above it
//   restart         1            out         high for a cycle, before the reply S
//
//   Cycles (after the last byte of a packet)
//   latency = 3 * IN_BYTES                 to its first value, fewer to a reply without values
//   ii      = 2 * IN_BYTES + 1             from one value to the next

`default_nettype none  // verilator lint_off TIMESCALEMOD

module lmu_link_rx #(
    // Bytes of a value, 1 or more
    parameter integer IN_BYTES = 2,
    // Streams, 1 to 255
    parameter integer STREAMS = 1,
    // Bytes of the longest payload, a power of two, 4 or more
    parameter integer BUFFER = 256,
    // Cycles without a byte after which a packet is over
    parameter integer PATIENCE = 600000
) (
    input wire clk, rst,
    input wire [7:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    output reg [8*IN_BYTES-1:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output reg [7:0] m_axis_tdest,
    output wire [15:0] r_axis_tdata, output wire r_axis_tvalid, input wire r_axis_tready,
    output wire restart
);

    localparam [3:0] SYNC = 4'd0, KIND = 4'd1, LOW = 4'd2, HIGH = 4'd3, DEST = 4'd4, PAYLOAD = 4'd5, SUM1 = 4'd6,
        SUM2 = 4'd7, FLUSH = 4'd8, RESTART = 4'd9, READ = 4'd10, TAKE = 4'd11, OFFER = 4'd12, REPLY = 4'd13;
    localparam [7:0] CHECKSUM = 8'd1, UNKNOWN = 8'd2, LENGTH = 8'd3, TIMEOUT = 8'd4, STRAY = 8'd5, STREAM = 8'd6;
    localparam [15:0] MARK = STREAMS > 1 ? 16'd1 : 16'd0;  // bytes before the values
    localparam AW = $clog2(BUFFER), LANE_W = IN_BYTES > 1 ? $clog2(IN_BYTES) : 1, QUIET_W = $clog2(PATIENCE + 1);

    if (IN_BYTES < 1 || PATIENCE < 1) begin : g_check_sizes
        PARAM_ERROR_in_bytes_and_patience_must_be_at_least_1 check ();
    end else if (STREAMS < 1 || STREAMS > 255) begin : g_check_streams
        PARAM_ERROR_streams_must_be_1_to_255 check ();
    end else if (BUFFER < 4 || BUFFER > 32768 || (1 << AW) != BUFFER) begin : g_check_buffer
        PARAM_ERROR_buffer_must_be_a_power_of_two_from_4_to_32768 check ();
    end

    reg [3:0] state_q;
    reg [7:0] kind_q, low_q, error_q;
    reg [AW:0] length_q, count_q;  // bytes of the values, and those that have come or gone
    reg [LANE_W-1:0] lane_q;
    reg [15:0] crc_q;
    reg [QUIET_W-1:0] quiet_q;
    wire take = s_axis_tvalid && s_axis_tready;
    wire values = kind_q == "D" || kind_q == "L";
    wire [15:0] length = {s_axis_tdata, low_q};
    wire last_lane = {1'b0, lane_q} == IN_BYTES[LANE_W:0] - 1'b1;
    wire over = quiet_q == PATIENCE[QUIET_W-1:0] && !take;
    wire [15:0] crc;
    wire [7:0] read;

    lmu_crc checksum (.seed(crc_q), .data(s_axis_tdata), .sum(crc));
    lmu_ram #(.WIDTH(8), .DEPTH(BUFFER)) payload (
        .clk(clk),
        .wr_en(take && state_q == PAYLOAD), .wr_addr(count_q[AW-1:0]), .wr_data(s_axis_tdata),
        .rd_en(state_q == READ), .rd_addr(count_q[AW-1:0]), .rd_data(read)
    );

    assign s_axis_tready = state_q <= FLUSH;
    assign m_axis_tvalid = state_q == OFFER;
    assign m_axis_tlast = kind_q == "L" && count_q == length_q;
    assign r_axis_tdata = error_q != 0 ? {error_q, "E"} : {8'd0, values ? "A" : kind_q};
    assign r_axis_tvalid = state_q == REPLY;
    assign restart = state_q == RESTART;

    always @(posedge clk) begin
        if (take) quiet_q <= {QUIET_W{1'b0}};
        else if (!over) quiet_q <= quiet_q + 1'b1;
        if (take) crc_q <= state_q == SYNC ? 16'hFFFF : crc;
        case (state_q)
            SYNC: begin
                count_q <= {(AW + 1) {1'b0}};
                lane_q <= {LANE_W{1'b0}};
                error_q <= take && s_axis_tdata != 8'hA5 ? STRAY : 8'd0;
                if (take) state_q <= s_axis_tdata == 8'hA5 ? KIND : FLUSH;
            end
            KIND: if (take) begin
                kind_q <= s_axis_tdata;
                state_q <= LOW;
                case (s_axis_tdata)
                    "I", "S", "D", "L": ;
                    default: begin
                        error_q <= UNKNOWN;
                        state_q <= FLUSH;
                    end
                endcase
            end
            LOW: if (take) begin
                low_q <= s_axis_tdata;
                state_q <= HIGH;
            end
            HIGH: if (take) begin
                length_q <= length[AW:0] - MARK[AW:0];
                m_axis_tdest <= 8'd0;
                state_q <= !values ? SUM1 : MARK != 0 ? DEST : PAYLOAD;
                if (values ? length <= MARK || length - MARK > BUFFER[15:0] : length != 0) begin
                    error_q <= LENGTH;
                    state_q <= FLUSH;
                end
            end
            DEST: if (take) begin
                m_axis_tdest <= s_axis_tdata;
                state_q <= PAYLOAD;
                if (s_axis_tdata >= STREAMS[7:0]) begin
                    error_q <= STREAM;
                    state_q <= FLUSH;
                end
            end
            PAYLOAD: if (take) begin
                count_q <= count_q + 1'b1;
                lane_q <= last_lane ? {LANE_W{1'b0}} : lane_q + 1'b1;
                if (count_q + 1'b1 == length_q) begin
                    error_q <= last_lane ? 8'd0 : LENGTH;
                    state_q <= last_lane ? SUM1 : FLUSH;
                end
            end
            SUM1: if (take) state_q <= SUM2;
            SUM2: if (take) begin
                count_q <= {(AW + 1) {1'b0}};
                error_q <= crc == 0 ? 8'd0 : CHECKSUM;
                state_q <= crc != 0 ? FLUSH : values ? READ : kind_q == "S" ? RESTART : REPLY;
            end
            READ: begin
                count_q <= count_q + 1'b1;
                state_q <= TAKE;
            end
            TAKE: begin
                m_axis_tdata[8*lane_q+:8] <= read;
                lane_q <= last_lane ? {LANE_W{1'b0}} : lane_q + 1'b1;
                state_q <= last_lane ? OFFER : READ;
            end
            OFFER: if (m_axis_tready) state_q <= count_q == length_q ? REPLY : READ;
            FLUSH: if (over) state_q <= REPLY;
            RESTART: state_q <= REPLY;
            default: if (r_axis_tready) state_q <= SYNC;
        endcase
        if (over && state_q >= KIND && state_q <= SUM2) begin
            error_q <= TIMEOUT;
            state_q <= REPLY;
        end
        if (rst) state_q <= SYNC;
    end

`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(8)) f_s_axis (clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tdata);
    f_axis #(.WIDTH(8*IN_BYTES + 9)) f_m_axis (
        clk, rst, m_axis_tvalid, m_axis_tready, {m_axis_tdest, m_axis_tdata, m_axis_tlast}
    );
    f_axis #(.WIDTH(16)) f_r_axis (clk, rst, r_axis_tvalid, r_axis_tready, r_axis_tdata);

    // The bytes since the last reply, as they came: f_place_q of them, the payload apart
    reg [15:0] f_place_q, f_length_q, f_crc_q;
    reg [7:0] f_kind_q, f_dest_q;
    reg [7:0] f_payload_q[0:BUFFER-1];
    reg [AW:0] f_given_q;  // values that the network has taken
    reg f_restarted_q;
    wire [15:0] f_crc;
    lmu_crc f_sum (.seed(f_crc_q), .data(s_axis_tdata), .sum(f_crc));

    always @(posedge clk) begin
        if (take) begin
            if (f_place_q != 16'hFFFF) f_place_q <= f_place_q + 1;
            if (f_place_q == 1) f_kind_q <= s_axis_tdata;
            if (f_place_q == 2) f_length_q[7:0] <= s_axis_tdata;
            if (f_place_q == 3) f_length_q[15:8] <= s_axis_tdata;
            if (f_place_q == 3) f_dest_q <= 0;
            if (f_place_q == 4 && MARK != 0) f_dest_q <= s_axis_tdata;
            if (f_place_q >= 4 + MARK && f_place_q < 4 + MARK + BUFFER) f_payload_q[f_place_q-4-MARK] <= s_axis_tdata;
            f_crc_q <= f_place_q == 0 ? 16'hFFFF : f_crc;
        end
        if (m_axis_tvalid && m_axis_tready) f_given_q <= f_given_q + 1;
        if (restart) f_restarted_q <= 1'b1;
        if (rst || (r_axis_tvalid && r_axis_tready)) begin
            f_place_q <= 0;
            f_given_q <= 0;
            f_restarted_q <= 1'b0;
        end
    end

    // What is done is what a whole packet with a right CRC says
    wire f_whole = f_place_q == f_length_q + 6 && f_crc_q == 0;
    wire f_values = f_kind_q == "D" || f_kind_q == "L";
    wire [8*IN_BYTES-1:0] f_value;
    genvar f_k;
    for (f_k = 0; f_k < IN_BYTES; f_k = f_k + 1) begin : f_lane
        assign f_value[8*f_k+:8] = f_payload_q[f_given_q*IN_BYTES+f_k];
    end

    always @* if (!rst) begin
        state_known : assert (state_q <= REPLY);
        values_of_a_whole_packet : assert (!m_axis_tvalid || (f_whole && f_values));
        value_in_place : assert (!m_axis_tvalid || m_axis_tdata == f_value);
        stream_in_place : assert (!m_axis_tvalid || (m_axis_tdest == f_dest_q && f_dest_q < STREAMS));
        last_in_place : assert (!m_axis_tvalid || m_axis_tlast ==
                                (f_kind_q == "L" && (f_given_q + 1) * IN_BYTES + MARK == f_length_q));
        restart_of_a_whole_packet : assert (!restart || (f_whole && f_kind_q == "S"));
        if (r_axis_tvalid && r_axis_tdata[7:0] == "E") begin
            error_does_nothing : assert (f_given_q == 0 && !f_restarted_q && r_axis_tdata[15:8] != 0);
        end else if (r_axis_tvalid) begin
            reply_to_a_whole_packet : assert (f_whole && r_axis_tdata == (f_values ? "A" : f_kind_q));
            all_given : assert (!f_values || f_given_q * IN_BYTES + MARK == f_length_q);
            restarted : assert (f_restarted_q == (f_kind_q == "S"));
        end
        // What ties the record to the registers
        place_in_step : assert (state_q >= PAYLOAD || f_place_q == state_q);
        stream_is_asked_for : assert (state_q != DEST || (MARK != 0 && values));
        stream_kept : assert (state_q < PAYLOAD || error_q != 0 || (m_axis_tdest == f_dest_q && f_dest_q < STREAMS)
                              || !values);
        kind_kept : assert (state_q <= KIND || (state_q >= FLUSH && error_q != 0) || kind_q == f_kind_q);
        crc_kept : assert (state_q == SYNC || state_q >= FLUSH || crc_q == f_crc_q);
        no_error_yet : assert (state_q == SYNC || state_q == FLUSH || state_q == REPLY || error_q == 0);
        flush_has_a_reason : assert (state_q != FLUSH || error_q != 0);
        length_kept : assert (state_q < DEST || error_q != 0 || !values
            || (length_q + MARK == f_length_q && length_q != 0 && length_q <= BUFFER));
        no_length : assert (state_q < DEST || error_q != 0 || values || f_length_q == 0);
        low_kept : assert (state_q != HIGH || low_q == f_length_q[7:0]);
        counted : assert (state_q != PAYLOAD || (f_place_q == count_q + 4 + MARK && count_q < length_q));
        nothing_counted : assert (state_q != DEST || (count_q == 0 && lane_q == 0));
        sum1_in_place : assert (state_q != SUM1 || f_place_q == f_length_q + 4);
        sum2_in_place : assert (state_q != SUM2 || f_place_q == f_length_q + 5);
        nothing_given_yet : assert (state_q > FLUSH || (f_given_q == 0 && !f_restarted_q));
        whole : assert (state_q <= FLUSH || error_q != 0 || f_whole);
        kind_is_known : assert (error_q != 0 || state_q < LOW || values || kind_q == "I" || kind_q == "S");
        fed_in_step : assert (!(state_q == READ || state_q == TAKE) ||
                              count_q == f_given_q * IN_BYTES + lane_q + (state_q == TAKE));
        offered_in_step : assert (state_q != OFFER || (count_q == (f_given_q + 1) * IN_BYTES && lane_q == 0));
    end

    always @(posedge clk) if (!rst) begin
        never_silent : assert ($past(rst) || $past(state_q != FLUSH || !over) || r_axis_tvalid);
        reach_value : cover (m_axis_tvalid && m_axis_tready && m_axis_tlast && f_given_q == 1);
        reach_restart : cover (restart);
        reach_timeout : cover (r_axis_tvalid && r_axis_tdata == {TIMEOUT, "E"});
        reach_checksum : cover (r_axis_tvalid && r_axis_tdata == {CHECKSUM, "E"});
    end
`endif
endmodule
`default_nettype wire
