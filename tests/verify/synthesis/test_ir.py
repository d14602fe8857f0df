"""Loops of LLVM IR: how often they run, what is in them, and which have no bound."""

import pytest

from lmu_hls.verify.synthesis.ir import IRLoop, body_of

HEAD = "define void @f(ptr %0) {\n  %2 = load i16, ptr %0\n  br label %3\n\n"


def function(*lines: str) -> str:
    return HEAD + "\n".join(lines) + "\n  ret void\n}"


def counted(first: str, after: str, test: str) -> str:
    """A loop of one block, with its counter %4."""
    return function(
        "3:                    ; preds = %3, %1",
        f"  %4 = phi i32 [ {first}, %1 ], [ %5, %3 ]",
        "  %6 = mul nsw i16 %2, %2",
        "  %7 = mul nsw i32 %4, 6",
        f"  %5 = {after}",
        f"  %8 = icmp {test}",
        "  br i1 %8, label %9, label %3, !llvm.loop !4",
        "",
        "9:                    ; preds = %3",
    )


@pytest.mark.parametrize(
    ("loop", "trips"),
    [
        (("0", "add nuw nsw i32 %4, 1", "eq i32 %5, 8"), 8),
        (("0", "add nuw nsw i32 %4, 3", "ugt i32 %4, 9"), 5),
        (("-4", "add nsw i32 %4, 2", "sgt i32 %5, -1"), 2),
        (("1", "shl nuw i32 %4, 1", "uge i32 %5, 100"), 7),
        (("0", "add nuw i32 %4, 2", "eq i32 %5, 7"), None),  # passes its end
        (("0", "add nuw nsw i32 %4, 1", "eq i16 %2, 8"), None),  # a value of memory
        (("%2", "add nuw nsw i32 %4, 1", "eq i32 %5, 8"), None),
    ],
)
def test_a_counter_is_run(loop, trips, monkeypatch):
    monkeypatch.setattr("lmu_hls.verify.synthesis.ir.LIMIT", 1 << 10)
    body = body_of(counted(*loop))
    assert body == IRLoop(1, 0, (), (IRLoop(trips, 1),))  # a multiplication by a constant is none
    assert body.bounded == (trips is not None)


def test_loops_in_loops_with_their_pragmas():
    body = body_of(
        function(
            "3:",
            "  %4 = phi i1 [ true, %1 ], [ false, %8 ]",
            '  call void asm sideeffect "HLS ARRAY_RESHAPE ${0:c}", "i,~{dirflag},~{flags}"(i32 4) #2, !srcloc !8',
            "  br label %5",
            "5:",
            "  %6 = phi i64 [ 0, %3 ], [ %7, %5 ]",
            '  call void asm sideeffect "HLS PIPELINE ${0:c}", "i,~{dirflag},~{flags}"(i32 3) #2, !srcloc !9',
            "  %10 = mul i16 %2, %2",
            "  %7 = add i64 %6, 1",
            "  %11 = icmp ult i64 %7, 4",
            "  br i1 %11, label %5, label %8",
            "8:",
            "  br i1 %4, label %3, label %12",
            "12:",
        )
    )
    inner = IRLoop(4, 1, (("PIPELINE", 3),))
    assert body == IRLoop(1, 0, (), (IRLoop(2, 0, (("ARRAY_RESHAPE", 4),), (inner,)),))
    assert body.all_multiplications == 1 and body.bounded


def left_at_the_head(work: str) -> IRLoop:
    lines = (
        "3:",
        "  %4 = phi i32 [ 0, %1 ], [ %5, %7 ]",
        f"  {work}",
        "  %6 = icmp eq i32 %4, 6",
        "  br i1 %6, label %9, label %7",
        "7:",
        "  %5 = add i32 %4, 2",
        "  br label %3",
        "9:",
    )
    return body_of(function(*lines)).loops[0]


def test_a_loop_that_is_left_before_or_in_the_middle_of_an_iteration():
    assert left_at_the_head("%8 = add i32 %4, 1").trips == 3
    assert left_at_the_head("store i16 %2, ptr %0").trips == 4  # the last tile is smaller


def test_two_ways_out_have_no_bound():
    lines = (
        "3:",
        "  %4 = phi i32 [ 0, %1 ], [ %5, %7 ]",
        "  %6 = icmp eq i16 %2, 6",
        "  br i1 %6, label %9, label %7",
        "7:",
        "  %5 = add i32 %4, 1",
        "  %8 = icmp eq i32 %5, 6",
        "  br i1 %8, label %9, label %3",
        "9:",
    )
    assert body_of(function(*lines)).loops == (IRLoop(None),)
