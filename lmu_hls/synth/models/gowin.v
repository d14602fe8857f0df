// SPDX-License-Identifier: Apache-2.0
// Simulation models of the primitives of Gowin GW1N and GW2A that Yosys puts into a netlist and has no model of.
//
// A mode that is not modelled does not compile: it instantiates a module that there is none of, whose name says what is
// lacking. Ports and parameters that do not stand here are refused, too.

// verilator lint_off DECLFILENAME
`default_nettype none

`define INIT_PARAMETERS(BITS) parameter [BITS-1:0] \
    INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, \
    INIT_RAM_06 = 0, INIT_RAM_07 = 0, INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, \
    INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0, INIT_RAM_10 = 0, INIT_RAM_11 = 0, \
    INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0, \
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, \
    INIT_RAM_1E = 0, INIT_RAM_1F = 0, INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, \
    INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0, INIT_RAM_28 = 0, INIT_RAM_29 = 0, \
    INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0, \
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, \
    INIT_RAM_36 = 0, INIT_RAM_37 = 0, INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, \
    INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
`define INIT_CONTENTS { \
    INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, INIT_RAM_39, INIT_RAM_38, \
    INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, INIT_RAM_33, INIT_RAM_32, INIT_RAM_31, INIT_RAM_30, \
    INIT_RAM_2F, INIT_RAM_2E, INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28, \
    INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, INIT_RAM_23, INIT_RAM_22, INIT_RAM_21, INIT_RAM_20, \
    INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, INIT_RAM_1C, INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18, \
    INIT_RAM_17, INIT_RAM_16, INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10, \
    INIT_RAM_0F, INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, INIT_RAM_09, INIT_RAM_08, \
    INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, INIT_RAM_00 \
}

// Products without registers: DOUT = A B, each factor signed or not. ASEL and BSEL, which would take the factors from
// the multiplier beside it, must be 0: the product is unknown else.
module MULT9X9 #(
    parameter AREG = 0, BREG = 0, OUT_REG = 0, PIPE_REG = 0, ASIGN_REG = 0, BSIGN_REG = 0, SOA_REG = 0,
    parameter MULT_RESET_MODE = "SYNC"
) (
    input wire [8:0] A, B, SIA, SIB,
    input wire ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output wire [17:0] DOUT
);

    generate
        if (AREG || BREG || OUT_REG || PIPE_REG || ASIGN_REG || BSIGN_REG || SOA_REG)
            UNMODELLED_register_of_MULT9X9 check ();
    endgenerate

    wire signed [17:0] product = $signed({ASIGN & A[8], A}) * $signed({BSIGN & B[8], B});
    assign DOUT = (ASEL | BSEL) === 1'b0 ? product : {18{1'bx}};

endmodule

module MULT18X18 #(
    parameter AREG = 0, BREG = 0, OUT_REG = 0, PIPE_REG = 0, ASIGN_REG = 0, BSIGN_REG = 0, SOA_REG = 0,
    parameter MULT_RESET_MODE = "SYNC"
) (
    input wire [17:0] A, B, SIA, SIB,
    input wire ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output wire [35:0] DOUT
);

    generate
        if (AREG || BREG || OUT_REG || PIPE_REG || ASIGN_REG || BSIGN_REG || SOA_REG)
            UNMODELLED_register_of_MULT18X18 check ();
    endgenerate

    wire signed [35:0] product = $signed({ASIGN & A[17], A}) * $signed({BSIGN & B[17], B});
    assign DOUT = (ASEL | BSEL) === 1'b0 ? product : {36{1'bx}};

endmodule

module MULT36X36 #(
    parameter AREG = 0, BREG = 0, OUT0_REG = 0, OUT1_REG = 0, PIPE_REG = 0, ASIGN_REG = 0, BSIGN_REG = 0,
    parameter MULT_RESET_MODE = "SYNC"
) (
    input wire [35:0] A, B,
    input wire ASIGN, BSIGN, CE, CLK, RESET,
    output wire [71:0] DOUT
);

    generate
        if (AREG || BREG || OUT0_REG || OUT1_REG || PIPE_REG || ASIGN_REG || BSIGN_REG)
            UNMODELLED_register_of_MULT36X36 check ();
    endgenerate

    wire signed [71:0] product = $signed({ASIGN & A[35], A}) * $signed({BSIGN & B[35], B});
    assign DOUT = product;

endmodule

// Block RAMs: one port; a port A that writes and a port B that reads; two ports. Their bytes have 8 or (X9) 9 bits.
// An asynchronous reset makes what is read unknown.
module SP #(
    parameter READ_MODE = 0, BLK_SEL = 0, BIT_WIDTH = 32, WRITE_MODE = 0, RESET_MODE = "SYNC",
    `INIT_PARAMETERS(256)
) (
    input wire CLK, CE, OCE, RESET, WRE,
    input wire [2:0] BLKSEL,
    input wire [13:0] AD,
    input wire [31:0] DI,
    output wire [31:0] DO
);

    generate
        if (READ_MODE != 0) UNMODELLED_output_register_of_SP check_register ();
        if (BLK_SEL != 0) UNMODELLED_block_select_of_SP check_select ();
    endgenerate

    wire [71:0] read;

    BLOCK_RAM #(
        .BYTE(8),
        .WIDTH_0(BIT_WIDTH),
        .WIDTH_1(8),
        .MODE_0(WRITE_MODE),
        .MODE_1(0),
        .CONTENTS(`INIT_CONTENTS)
    ) block_ram (
        .clk({1'b0, CLK}),
        .en({1'b0, CE}),
        .write({1'b0, WRE}),
        .reset(RESET_MODE == "SYNC" || RESET === 1'b0 ? {1'b0, RESET} : 2'bxx),
        .address({14'd0, AD}),
        .byte_write({12'd0, AD[3:0]}),
        .data({36'd0, {4'd0, DI}}),
        .read(read)
    );

    assign DO = BLKSEL === 3'd0 ? read[31:0] : {32{1'bx}};

endmodule

module SPX9 #(
    parameter READ_MODE = 0, BLK_SEL = 0, BIT_WIDTH = 36, WRITE_MODE = 0, RESET_MODE = "SYNC",
    `INIT_PARAMETERS(288)
) (
    input wire CLK, CE, OCE, RESET, WRE,
    input wire [2:0] BLKSEL,
    input wire [13:0] AD,
    input wire [35:0] DI,
    output wire [35:0] DO
);

    generate
        if (READ_MODE != 0) UNMODELLED_output_register_of_SPX9 check_register ();
        if (BLK_SEL != 0) UNMODELLED_block_select_of_SPX9 check_select ();
    endgenerate

    wire [71:0] read;

    BLOCK_RAM #(
        .BYTE(9),
        .WIDTH_0(BIT_WIDTH),
        .WIDTH_1(9),
        .MODE_0(WRITE_MODE),
        .MODE_1(0),
        .CONTENTS(`INIT_CONTENTS)
    ) block_ram (
        .clk({1'b0, CLK}),
        .en({1'b0, CE}),
        .write({1'b0, WRE}),
        .reset(RESET_MODE == "SYNC" || RESET === 1'b0 ? {1'b0, RESET} : 2'bxx),
        .address({14'd0, AD}),
        .byte_write({12'd0, AD[3:0]}),
        .data({36'd0, DI}),
        .read(read)
    );

    assign DO = BLKSEL === 3'd0 ? read[35:0] : {36{1'bx}};

endmodule

module SDPB #(
    parameter READ_MODE = 0, BLK_SEL_0 = 0, BLK_SEL_1 = 0, BIT_WIDTH_0 = 32, BIT_WIDTH_1 = 32, RESET_MODE = "SYNC",
    `INIT_PARAMETERS(256)
) (
    input wire CLKA, CEA, RESETA, CLKB, CEB, RESETB, OCE,
    input wire [2:0] BLKSELA, BLKSELB,
    input wire [13:0] ADA, ADB,
    input wire [31:0] DI,
    output wire [31:0] DO
);

    generate
        if (READ_MODE != 0) UNMODELLED_output_register_of_SDPB check_register ();
        if (BLK_SEL_0 != 0 || BLK_SEL_1 != 0) UNMODELLED_block_select_of_SDPB check_select ();
    endgenerate

    wire [71:0] read;

    BLOCK_RAM #(
        .BYTE(8),
        .WIDTH_0(BIT_WIDTH_0),
        .WIDTH_1(BIT_WIDTH_1),
        .MODE_0(0),
        .MODE_1(0),
        .CONTENTS(`INIT_CONTENTS)
    ) block_ram (
        .clk({CLKB, CLKA}),
        .en({CEB, CEA}),
        .write(2'b01),
        .reset(RESET_MODE == "SYNC" || {RESETB, RESETA} === 2'b00 ? {RESETB, RESETA} : 2'bxx),
        .address({ADB, ADA}),
        .byte_write({4'd0, ADB[3:0], 4'd0, ADA[3:0]}),
        .data({36'd0, {4'd0, DI}}),
        .read(read)
    );

    assign DO = (BLKSELA | BLKSELB) === 3'd0 ? read[36+:32] : {32{1'bx}};

endmodule

module SDPX9B #(
    parameter READ_MODE = 0, BLK_SEL_0 = 0, BLK_SEL_1 = 0, BIT_WIDTH_0 = 36, BIT_WIDTH_1 = 36, RESET_MODE = "SYNC",
    `INIT_PARAMETERS(288)
) (
    input wire CLKA, CEA, RESETA, CLKB, CEB, RESETB, OCE,
    input wire [2:0] BLKSELA, BLKSELB,
    input wire [13:0] ADA, ADB,
    input wire [35:0] DI,
    output wire [35:0] DO
);

    generate
        if (READ_MODE != 0) UNMODELLED_output_register_of_SDPX9B check_register ();
        if (BLK_SEL_0 != 0 || BLK_SEL_1 != 0) UNMODELLED_block_select_of_SDPX9B check_select ();
    endgenerate

    wire [71:0] read;

    BLOCK_RAM #(
        .BYTE(9),
        .WIDTH_0(BIT_WIDTH_0),
        .WIDTH_1(BIT_WIDTH_1),
        .MODE_0(0),
        .MODE_1(0),
        .CONTENTS(`INIT_CONTENTS)
    ) block_ram (
        .clk({CLKB, CLKA}),
        .en({CEB, CEA}),
        .write(2'b01),
        .reset(RESET_MODE == "SYNC" || {RESETB, RESETA} === 2'b00 ? {RESETB, RESETA} : 2'bxx),
        .address({ADB, ADA}),
        .byte_write({4'd0, ADB[3:0], 4'd0, ADA[3:0]}),
        .data({36'd0, DI}),
        .read(read)
    );

    assign DO = (BLKSELA | BLKSELB) === 3'd0 ? read[36+:36] : {36{1'bx}};

endmodule

module DPB #(
    parameter READ_MODE0 = 0, READ_MODE1 = 0, BLK_SEL_0 = 0, BLK_SEL_1 = 0, BIT_WIDTH_0 = 16, BIT_WIDTH_1 = 16,
    parameter WRITE_MODE0 = 0, WRITE_MODE1 = 0, RESET_MODE = "SYNC",
    `INIT_PARAMETERS(256)
) (
    input wire CLKA, CEA, OCEA, RESETA, WREA, CLKB, CEB, OCEB, RESETB, WREB,
    input wire [2:0] BLKSELA, BLKSELB,
    input wire [13:0] ADA, ADB,
    input wire [15:0] DIA, DIB,
    output wire [15:0] DOA, DOB
);

    generate
        if (READ_MODE0 != 0 || READ_MODE1 != 0) UNMODELLED_output_register_of_DPB check_register ();
        if (BLK_SEL_0 != 0 || BLK_SEL_1 != 0) UNMODELLED_block_select_of_DPB check_select ();
    endgenerate

    wire [71:0] read;

    BLOCK_RAM #(
        .BYTE(8),
        .WIDTH_0(BIT_WIDTH_0),
        .WIDTH_1(BIT_WIDTH_1),
        .MODE_0(WRITE_MODE0),
        .MODE_1(WRITE_MODE1),
        .CONTENTS(`INIT_CONTENTS)
    ) block_ram (
        .clk({CLKB, CLKA}),
        .en({CEB, CEA}),
        .write({WREB, WREA}),
        .reset(RESET_MODE == "SYNC" || {RESETB, RESETA} === 2'b00 ? {RESETB, RESETA} : 2'bxx),
        .address({ADB, ADA}),
        .byte_write({4'd0, ADB[3:0], 4'd0, ADA[3:0]}),
        .data({20'd0, DIB, 20'd0, DIA}),
        .read(read)
    );

    assign {DOB, DOA} = (BLKSELA | BLKSELB) === 3'd0 ? {read[36+:16], read[0+:16]} : {32{1'bx}};

endmodule

module DPX9B #(
    parameter READ_MODE0 = 0, READ_MODE1 = 0, BLK_SEL_0 = 0, BLK_SEL_1 = 0, BIT_WIDTH_0 = 18, BIT_WIDTH_1 = 18,
    parameter WRITE_MODE0 = 0, WRITE_MODE1 = 0, RESET_MODE = "SYNC",
    `INIT_PARAMETERS(288)
) (
    input wire CLKA, CEA, OCEA, RESETA, WREA, CLKB, CEB, OCEB, RESETB, WREB,
    input wire [2:0] BLKSELA, BLKSELB,
    input wire [13:0] ADA, ADB,
    input wire [17:0] DIA, DIB,
    output wire [17:0] DOA, DOB
);

    generate
        if (READ_MODE0 != 0 || READ_MODE1 != 0) UNMODELLED_output_register_of_DPX9B check_register ();
        if (BLK_SEL_0 != 0 || BLK_SEL_1 != 0) UNMODELLED_block_select_of_DPX9B check_select ();
    endgenerate

    wire [71:0] read;

    BLOCK_RAM #(
        .BYTE(9),
        .WIDTH_0(BIT_WIDTH_0),
        .WIDTH_1(BIT_WIDTH_1),
        .MODE_0(WRITE_MODE0),
        .MODE_1(WRITE_MODE1),
        .CONTENTS(`INIT_CONTENTS)
    ) block_ram (
        .clk({CLKB, CLKA}),
        .en({CEB, CEA}),
        .write({WREB, WREA}),
        .reset(RESET_MODE == "SYNC" || {RESETB, RESETA} === 2'b00 ? {RESETB, RESETA} : 2'bxx),
        .address({ADB, ADA}),
        .byte_write({4'd0, ADB[3:0], 4'd0, ADA[3:0]}),
        .data({18'd0, DIB, 18'd0, DIA}),
        .read(read)
    );

    assign {DOB, DOA} = (BLKSELA | BLKSELB) === 3'd0 ? {read[36+:18], read[0+:18]} : {36{1'bx}};

endmodule

`undef INIT_PARAMETERS
`undef INIT_CONTENTS
`default_nettype wire
