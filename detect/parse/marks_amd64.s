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

// func findMarksAVX2(at *uint16, b *byte, size, ahead int) (n int)
TEXT ·findMarksAVX2(SB), NOSPLIT, $0-40
	MOVQ at+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ size+16(FP), R9
	MOVQ ahead+24(FP), R12
	MOVQ DI, R10
	XORL R8, R8         // where the 64 bytes begin
	VBROADCASTI128 marks<>(SB), Y0

word:
	PREFETCHT0 (SI)(R12*1) // what is read later comes from memory meanwhile; behind the log's end this does nothing
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
	MOVQ DI, n+32(FP)
	VZEROUPPER
	RET

DATA places<>+0(SB)/8, $0x0706050403020100
DATA places<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA places<>+16(SB)/8, $0x1716151413121110
DATA places<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA places<>+32(SB)/8, $0x2726252423222120
DATA places<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA places<>+48(SB)/8, $0x3736353433323130
DATA places<>+56(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL places<>(SB), RODATA|NOPTR, $64

DATA size<>+0(SB)/2, $64
GLOBL size<>(SB), RODATA|NOPTR, $2

// PUT writes the 32 places in Y to DI.
#define PUT(Y, Z, offset) \
	VPMOVZXBW Y, Z     \
	VPADDW    Z6, Z, Z \
	VMOVDQU64 Z, offset(DI)

// findMarksAVX512 is half as long as findMarksAVX2: an instruction puts the places of the marks next to each other.
//
// func findMarksAVX512(at *uint16, b *byte, size, ahead int) (n int)
TEXT ·findMarksAVX512(SB), NOSPLIT, $0-40
	MOVQ at+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ size+16(FP), R9
	MOVQ ahead+24(FP), R12
	MOVQ DI, R10
	ADDQ SI, R9
	VBROADCASTI32X4 marks<>(SB), Z0
	VMOVDQU64       places<>(SB), Z5
	VPBROADCASTW    size<>(SB), Z7
	VPXORQ          Z6, Z6, Z6 // where the 64 bytes begin, 32 times

word:
	PREFETCHT0 (SI)(R12*1)
	VMOVDQU64     (SI), Z1
	VPSHUFB       Z1, Z0, Z2
	VPCMPEQB      Z1, Z2, K1
	VPCOMPRESSB.Z Z5, K1, Z3
	KMOVQ         K1, AX
	POPCNTQ       AX, CX
	PUT(Y3, Z4, 0)
	CMPL          CX, $32
	JGT           more

next:
	LEAQ   (DI)(CX*2), DI
	VPADDW Z7, Z6, Z6
	ADDQ   $64, SI
	CMPQ   SI, R9
	JLT    word

	SUBQ R10, DI
	SHRQ $1, DI
	MOVQ DI, n+32(FP)
	VZEROUPPER
	RET

more:
	VEXTRACTI64X4 $1, Z3, Y3
	PUT(Y3, Z4, 64)
	JMP next

// func fetch(b *byte, at int)
TEXT ·fetch(SB), NOSPLIT, $0-16
	MOVQ b+0(FP), SI
	ADDQ at+8(FP), SI
	PREFETCHT0 (SI)
	PREFETCHT0 64(SI)
	PREFETCHT0 128(SI)
	PREFETCHT0 192(SI)
	RET
