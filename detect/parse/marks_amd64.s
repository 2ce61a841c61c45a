#include "textflag.h"

// The three marks differ in their lower four bits. So each byte is held against the one mark that it could be, which a shuffle looks up
// by those bits (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019, classify so). At the other places of the table
// stands what no byte with these lower bits is; bytes of 128 and more are looked up as 0.
DATA marks<>+0(SB)/8, $0xffffffffff22ffff // at 2 a quote
DATA marks<>+8(SB)/8, $0xf0ffff5cff0affff // at 10 a newline, at 12 a backslash
GLOBL marks<>(SB), RODATA|NOPTR, $16

// NEXT writes the place of the lowest bit of AX, whatever it is when there is none, and takes the bit away.
#define NEXT(offset) \
	TZCNTQ AX, DX        \
	BLSRQ  AX, AX        \
	ADDL   R8, DX        \
	MOVW   DX, offset(DI)

// func findMarksAVX2(at *uint16, b *byte, size int) (n int)
TEXT ·findMarksAVX2(SB), NOSPLIT, $0-32
	MOVQ at+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ size+16(FP), R9
	MOVQ DI, R10
	XORL R8, R8         // where the 64 bytes begin
	VBROADCASTI128 marks<>(SB), Y0

word:
	PREFETCHT0 8192(SI) // the next window comes from memory while the lines of this one are read; behind the log's end it does nothing
	VMOVDQU   (SI), Y1
	VMOVDQU   32(SI), Y2
	VPSHUFB   Y1, Y0, Y3
	VPSHUFB   Y2, Y0, Y4
	VPCMPEQB  Y1, Y3, Y3
	VPCMPEQB  Y2, Y4, Y4
	VPMOVMSKB Y3, AX
	VPMOVMSKB Y4, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	POPCNTQ   AX, CX

	// Four at once, more when there are more: that is foreseen better than the exact number.
	NEXT(0)
	NEXT(2)
	NEXT(4)
	NEXT(6)
	LEAQ (DI)(CX*2), R11 // behind the last
	CMPL CX, $4
	JLE  done

more:
	ADDQ $8, DI
	NEXT(0)
	NEXT(2)
	NEXT(4)
	NEXT(6)
	TESTQ AX, AX
	JNZ  more

done:
	MOVQ R11, DI
	ADDQ $64, SI
	ADDL $64, R8
	CMPL R8, R9
	JLT  word

	SUBQ R10, DI
	SHRQ $1, DI
	MOVQ DI, n+24(FP)
	VZEROUPPER
	RET
