package amd64

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// emitters have each instruction, with registers of all banks: what its method
// writes, the machine code that Go's assembler makes of it, and what llvm-mc
// (-triple=x86_64 -disassemble) reads there.
var emitters = []struct {
	text, code, llvm string
	emit             func(f fn)
}{
	{"VADDPS 64(SI), Y9, Y15", "c534587e40", "vaddps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VADDPS(SI.At(64), Y(9), Y(15)) }},
	{"VSUBPS 64(SI), Y9, Y15", "c5345c7e40", "vsubps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VSUBPS(SI.At(64), Y(9), Y(15)) }},
	{"VMULPS 64(SI), Y9, Y15", "c534597e40", "vmulps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VMULPS(SI.At(64), Y(9), Y(15)) }},
	{"VDIVPS 64(SI), Y9, Y15", "c5345e7e40", "vdivps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VDIVPS(SI.At(64), Y(9), Y(15)) }},
	{"VMAXPS 64(SI), Y9, Y15", "c5345f7e40", "vmaxps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VMAXPS(SI.At(64), Y(9), Y(15)) }},
	{"VMINPS 64(SI), Y9, Y15", "c5345d7e40", "vminps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VMINPS(SI.At(64), Y(9), Y(15)) }},
	{"VHADDPS 64(SI), Y9, Y15", "c5377c7e40", "vhaddps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VHADDPS(SI.At(64), Y(9), Y(15)) }},
	{"VXORPS 64(SI), Y9, Y15", "c534577e40", "vxorps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VXORPS(SI.At(64), Y(9), Y(15)) }},
	{"VANDPS 64(SI), Y9, Y15", "c534547e40", "vandps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VANDPS(SI.At(64), Y(9), Y(15)) }},
	{"VUNPCKLPS 64(SI), Y9, Y15", "c534147e40", "vunpcklps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VUNPCKLPS(SI.At(64), Y(9), Y(15)) }},
	{"VUNPCKHPS 64(SI), Y9, Y15", "c534157e40", "vunpckhps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VUNPCKHPS(SI.At(64), Y(9), Y(15)) }},
	{"VUNPCKLPD 64(SI), Y9, Y15", "c535147e40", "vunpcklpd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VUNPCKLPD(SI.At(64), Y(9), Y(15)) }},
	{"VUNPCKHPD 64(SI), Y9, Y15", "c535157e40", "vunpckhpd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VUNPCKHPD(SI.At(64), Y(9), Y(15)) }},
	{"VFMADD231PS 64(SI), Y9, Y15", "c46235b87e40", "vfmadd231ps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VFMADD231PS(SI.At(64), Y(9), Y(15)) }},
	{"VFMADD231PS Z8, Z9, Z30", "62423548b8f0", "vfmadd231ps %zmm8, %zmm9, %zmm30", func(f fn) { f.VFMADD231PS(Z(8), Z(9), Z(30)) }},
	{"VFMADD213PS 64(SI), Y9, Y15", "c46235a87e40", "vfmadd213ps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VFMADD213PS(SI.At(64), Y(9), Y(15)) }},
	{"VFMSUB213PS 64(SI), Y9, Y15", "c46235aa7e40", "vfmsub213ps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VFMSUB213PS(SI.At(64), Y(9), Y(15)) }},
	{"VFNMADD231PS Y8, Y9, Y15", "c44235bcf8", "vfnmadd231ps %ymm8, %ymm9, %ymm15", func(f fn) { f.VFNMADD231PS(Y(8), Y(9), Y(15)) }},
	{"VFNMADD231PS.BCST 64(SI), Z9, Z30", "62623558bc7610", "vfnmadd231ps 64(%rsi){1to16}, %zmm9, %zmm30", func(f fn) { f.VFNMADD231PS(SI.At(64).Broadcast(), Z(9), Z(30)) }},
	{"VFNMADD213PS 64(SI), Y9, Y15", "c46235ac7e40", "vfnmadd213ps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VFNMADD213PS(SI.At(64), Y(9), Y(15)) }},
	{"VPADDB 64(SI), Y9, Y15", "c535fc7e40", "vpaddb 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPADDB(SI.At(64), Y(9), Y(15)) }},
	{"VPADDW 64(SI), Y9, Y15", "c535fd7e40", "vpaddw 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPADDW(SI.At(64), Y(9), Y(15)) }},
	{"VPADDD 64(SI), Y9, Y15", "c535fe7e40", "vpaddd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPADDD(SI.At(64), Y(9), Y(15)) }},
	{"VPSUBW 64(SI), Y9, Y15", "c535f97e40", "vpsubw 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPSUBW(SI.At(64), Y(9), Y(15)) }},
	{"VPSUBD 64(SI), Y9, Y15", "c535fa7e40", "vpsubd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPSUBD(SI.At(64), Y(9), Y(15)) }},
	{"VPMULLD 64(SI), Y9, Y15", "c46235407e40", "vpmulld 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPMULLD(SI.At(64), Y(9), Y(15)) }},
	{"VPMAXSD 64(SI), Y9, Y15", "c462353d7e40", "vpmaxsd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPMAXSD(SI.At(64), Y(9), Y(15)) }},
	{"VPMADDWD 64(SI), Y9, Y15", "c535f57e40", "vpmaddwd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPMADDWD(SI.At(64), Y(9), Y(15)) }},
	{"VPMADDUBSW 64(SI), Y9, Y15", "c46235047e40", "vpmaddubsw 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPMADDUBSW(SI.At(64), Y(9), Y(15)) }},
	{"VPDPBUSD.BCST 64(SI), Z9, Z30", "62623558507610", "vpdpbusd 64(%rsi){1to16}, %zmm9, %zmm30", func(f fn) { f.VPDPBUSD(SI.At(64).Broadcast(), Z(9), Z(30)) }},
	{"VPDPWSSD Z8, Z9, Z30", "6242354852f0", "vpdpwssd %zmm8, %zmm9, %zmm30", func(f fn) { f.VPDPWSSD(Z(8), Z(9), Z(30)) }},
	{"VPDPBUSD Y8, Y9, Y15", "6252352850f8", "vpdpbusd %ymm8, %ymm9, %ymm15", func(f fn) { f.VPDPBUSD(Y(8), Y(9), Y(15)) }},
	{"VPAND 64(SI), Y9, Y15", "c535db7e40", "vpand 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPAND(SI.At(64), Y(9), Y(15)) }},
	{"VPANDD Z8, Z9, Z30", "62413548dbf0", "vpandd %zmm8, %zmm9, %zmm30", func(f fn) { f.VPANDD(Z(8), Z(9), Z(30)) }},
	{"VPOR 64(SI), Y9, Y15", "c535eb7e40", "vpor 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPOR(SI.At(64), Y(9), Y(15)) }},
	{"VPXOR 64(SI), Y9, Y15", "c535ef7e40", "vpxor 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPXOR(SI.At(64), Y(9), Y(15)) }},
	{"VPXORD Z8, Z9, Z30", "62413548eff0", "vpxord %zmm8, %zmm9, %zmm30", func(f fn) { f.VPXORD(Z(8), Z(9), Z(30)) }},
	{"VPSLLW $7, Y9, Y15", "c4c10571f107", "vpsllw $7, %ymm9, %ymm15", func(f fn) { f.VPSLLW(7, Y(9), Y(15)) }},
	{"VPSRLW $7, Y9, Y15", "c4c10571d107", "vpsrlw $7, %ymm9, %ymm15", func(f fn) { f.VPSRLW(7, Y(9), Y(15)) }},
	{"VPSRAW $7, Y9, Y15", "c4c10571e107", "vpsraw $7, %ymm9, %ymm15", func(f fn) { f.VPSRAW(7, Y(9), Y(15)) }},
	{"VPSLLD $7, Y9, Y15", "c4c10572f107", "vpslld $7, %ymm9, %ymm15", func(f fn) { f.VPSLLD(7, Y(9), Y(15)) }},
	{"VPSRLD $7, Y9, Y15", "c4c10572d107", "vpsrld $7, %ymm9, %ymm15", func(f fn) { f.VPSRLD(7, Y(9), Y(15)) }},
	{"VPSRAD $7, Y9, Y15", "c4c10572e107", "vpsrad $7, %ymm9, %ymm15", func(f fn) { f.VPSRAD(7, Y(9), Y(15)) }},
	{"VPSRLVD 64(SI), Y9, Y15", "c46235457e40", "vpsrlvd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPSRLVD(SI.At(64), Y(9), Y(15)) }},
	{"VPSLLVD 64(SI), Y9, Y15", "c46235477e40", "vpsllvd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPSLLVD(SI.At(64), Y(9), Y(15)) }},
	{"VPSHUFB 64(SI), Y9, Y15", "c46235007e40", "vpshufb 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPSHUFB(SI.At(64), Y(9), Y(15)) }},
	{"VPERMPS Y8, Y9, Y15", "c4423516f8", "vpermps %ymm8, %ymm9, %ymm15", func(f fn) { f.VPERMPS(Y(8), Y(9), Y(15)) }},
	{"VPERMPS.Z Z8, Z9, K1, Z30", "624235c916f0", "vpermps %zmm8, %zmm9, %zmm30 {%k1} {z}", func(f fn) { f.VPERMPS(Z(8), Z(9), Z(30).Zeroed(1)) }},
	{"VPERMD 64(SI), Y9, Y15", "c46235367e40", "vpermd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPERMD(SI.At(64), Y(9), Y(15)) }},
	{"VPACKSSDW 64(SI), Y9, Y15", "c5356b7e40", "vpackssdw 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPACKSSDW(SI.At(64), Y(9), Y(15)) }},
	{"VPACKSSWB 64(SI), Y9, Y15", "c535637e40", "vpacksswb 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPACKSSWB(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKLBW 64(SI), Y9, Y15", "c535607e40", "vpunpcklbw 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKLBW(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKHBW 64(SI), Y9, Y15", "c535687e40", "vpunpckhbw 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKHBW(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKLWD 64(SI), Y9, Y15", "c535617e40", "vpunpcklwd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKLWD(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKHWD 64(SI), Y9, Y15", "c535697e40", "vpunpckhwd 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKHWD(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKLDQ 64(SI), Y9, Y15", "c535627e40", "vpunpckldq 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKLDQ(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKHDQ 64(SI), Y9, Y15", "c5356a7e40", "vpunpckhdq 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKHDQ(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKLQDQ 64(SI), Y9, Y15", "c5356c7e40", "vpunpcklqdq 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKLQDQ(SI.At(64), Y(9), Y(15)) }},
	{"VPUNPCKHQDQ 64(SI), Y9, Y15", "c5356d7e40", "vpunpckhqdq 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPUNPCKHQDQ(SI.At(64), Y(9), Y(15)) }},
	{"VPERMILPS 64(SI), Y9, Y15", "c462350c7e40", "vpermilps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPERMILPS(SI.At(64), Y(9), Y(15)) }},
	{"VBLENDVPS Y7, Y8, Y9, Y15", "c443354af870", "vblendvps %ymm7, %ymm8, %ymm9, %ymm15", func(f fn) { f.VBLENDVPS(Y(7), Y(8), Y(9), Y(15)) }},
	{"VSHUFPS $0x31, 64(SI), Y9, Y15", "c534c67e4031", "vshufps $49, 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VSHUFPS(0x31, SI.At(64), Y(9), Y(15)) }},
	{"VPERM2F128 $0x31, 64(SI), Y9, Y15", "c46335067e4031", "vperm2f128 $49, 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPERM2F128(0x31, SI.At(64), Y(9), Y(15)) }},
	{"VPERM2I128 $0x31, 64(SI), Y9, Y15", "c46335467e4031", "vperm2i128 $49, 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VPERM2I128(0x31, SI.At(64), Y(9), Y(15)) }},
	{"VSHUFF64X2 $0xee, Z8, Z9, Z30", "6243b54823f0ee", "vshuff64x2 $238, %zmm8, %zmm9, %zmm30", func(f fn) { f.VSHUFF64X2(0xEE, Z(8), Z(9), Z(30)) }},
	{"VPSRLVQ Z8, Z9, Z30", "6242b54845f0", "vpsrlvq %zmm8, %zmm9, %zmm30", func(f fn) { f.VPSRLVQ(Z(8), Z(9), Z(30)) }},
	{"VPBROADCASTQ 64(SI), Z30", "6262fd48597608", "vpbroadcastq 64(%rsi), %zmm30", func(f fn) { f.VPBROADCASTQ(SI.At(64), Z(30)) }},
	{"VPERMI2PS Z8, Z9, Z30", "6242354877f0", "vpermi2ps %zmm8, %zmm9, %zmm30", func(f fn) { f.VPERMI2PS(Z(8), Z(9), Z(30)) }},
	{"VPTESTMD Z8, Z9, K2", "62d2354827d0", "vptestmd %zmm8, %zmm9, %k2", func(f fn) { f.VPTESTMD(Z(8), Z(9), K(2)) }},
	{"VBLENDMPS Z8, Z9, K2, Z30", "6242354a65f0", "vblendmps %zmm8, %zmm9, %zmm30 {%k2}", func(f fn) { f.VBLENDMPS(Z(8), Z(9), K(2), Z(30)) }},
	{"VINSERTPS $0x30, 64(SI), X9, X15", "c46331217e4030", "vinsertps $48, 64(%rsi), %xmm9, %xmm15", func(f fn) { f.VINSERTPS(0x30, SI.At(64), X(9), X(15)) }},
	{"VCMPPS $0x04, Z8, Z9, K2", "62d13448c2d004", "vcmpneqps %zmm8, %zmm9, %k2", func(f fn) { f.VCMPPS(notEqual, Z(8), Z(9), K(2)) }},
	{"VADDPS Z8, Z9, K2, Z30", "6241344a58f0", "vaddps %zmm8, %zmm9, %zmm30 {%k2}", func(f fn) { f.VADDPS(Z(8), Z(9), Z(30).Kept(2)) }},
	{"VCMPPS $0x01, Y8, Y9, Y15", "c44134c2f801", "vcmpltps %ymm8, %ymm9, %ymm15", func(f fn) { f.VCMPPS(1, Y(8), Y(9), Y(15)) }},
	{"VCMPPS $0x01, Z8, Z9, K2", "62d13448c2d001", "vcmpltps %zmm8, %zmm9, %k2", func(f fn) { f.VCMPPSTo(1, Z(8), Z(9), K(2)) }},
	{"VPTERNLOGD $0xea, Z8, Z9, Z30", "6243354825f0ea", "vpternlogd $234, %zmm8, %zmm9, %zmm30", func(f fn) { f.VPTERNLOGD(0xEA, Z(8), Z(9), Z(30)) }},
	{"VSHUFF64X2 $0x44, Z8, Z9, Z30", "6243b54823f044", "vshuff64x2 $68, %zmm8, %zmm9, %zmm30", func(f fn) { f.VSHUFF64X2(0x44, Z(8), Z(9), Z(30)) }},
	{"VPSHUFD $0xb1, Y9, Y15", "c4417d70f9b1", "vpshufd $177, %ymm9, %ymm15", func(f fn) { f.VPSHUFD(0xB1, Y(9), Y(15)) }},
	{"VPERMQ $0xd8, Y9, Y15", "c443fd00f9d8", "vpermq $216, %ymm9, %ymm15", func(f fn) { f.VPERMQ(0xD8, Y(9), Y(15)) }},
	{"VPINSRW $7, 64(SI), X9, X15", "c531c47e4007", "vpinsrw $7, 64(%rsi), %xmm9, %xmm15", func(f fn) { f.VPINSRW(7, SI.At(64), X(9), X(15)) }},
	{"VINSERTF128 $1, 64(SI), Y9, Y15", "c46335187e4001", "vinsertf128 $1, 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VINSERTF128(1, SI.At(64), Y(9), Y(15)) }},
	{"VINSERTF128 $1, X8, Y9, Y15", "c4433518f801", "vinsertf128 $1, %xmm8, %ymm9, %ymm15", func(f fn) { f.VINSERTF128(1, X(8), Y(9), Y(15)) }},
	{"VINSERTI128 $1, 64(SI), Y9, Y15", "c46335387e4001", "vinserti128 $1, 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VINSERTI128(1, SI.At(64), Y(9), Y(15)) }},
	{"VINSERTI64X4 $1, 64(SI), Z9, Z30", "6263b5483a760201", "vinserti64x4 $1, 64(%rsi), %zmm9, %zmm30", func(f fn) { f.VINSERTI64X4(1, SI.At(64), Z(9), Z(30)) }},
	{"VEXTRACTF128 $1, Y9, X15", "c4437d19cf01", "vextractf128 $1, %ymm9, %xmm15", func(f fn) { f.VEXTRACTF128(1, Y(9), X(15)) }},
	{"VEXTRACTI128 $1, Y9, X15", "c4437d39cf01", "vextracti128 $1, %ymm9, %xmm15", func(f fn) { f.VEXTRACTI128(1, Y(9), X(15)) }},
	{"VEXTRACTF32X4 $1, Y9, X15", "62537d2819cf01", "vextractf32x4 $1, %ymm9, %xmm15", func(f fn) { f.VEXTRACTF32X4(1, Y(9), X(15)) }},
	{"VEXTRACTF32X4 $3, Z9, 64(SI)", "62737d48194e0403", "vextractf32x4 $3, %zmm9, 64(%rsi)", func(f fn) { f.VEXTRACTF32X4(3, Z(9), SI.At(64)) }},
	{"VEXTRACTF64X4 $1, Z9, Y15", "6253fd481bcf01", "vextractf64x4 $1, %zmm9, %ymm15", func(f fn) { f.VEXTRACTF64X4(1, Z(9), Y(15)) }},
	{"VMOVUPS 64(SI), Y15", "c57c107e40", "vmovups 64(%rsi), %ymm15", func(f fn) { f.VMOVUPS(SI.At(64), Y(15)) }},
	{"VMOVUPS Y15, 64(SI)", "c57c117e40", "vmovups %ymm15, 64(%rsi)", func(f fn) { f.VMOVUPS(Y(15), SI.At(64)) }},
	{"VMOVAPS Y9, Y15", "c4417c29cf", "vmovaps %ymm9, %ymm15", func(f fn) { f.VMOVAPS(Y(9), Y(15)) }},
	{"VMOVDQU 64(SI), X15", "c57a6f7e40", "vmovdqu 64(%rsi), %xmm15", func(f fn) { f.VMOVDQU(SI.At(64), X(15)) }},
	{"VMOVDQU X15, (R8)(CX*1)", "c4417a7f3c08", "vmovdqu %xmm15, (%r8,%rcx)", func(f fn) { f.VMOVDQU(X(15), R8.By(CX, 1)) }},
	{"VMOVDQU64 64(SI), Z30", "6261fe486f7601", "vmovdqu64 64(%rsi), %zmm30", func(f fn) { f.VMOVDQU64(SI.At(64), Z(30)) }},
	{"VMOVSS 64(SI), X15", "c57a107e40", "vmovss 64(%rsi), %xmm15", func(f fn) { f.VMOVSS(SI.At(64), X(15)) }},
	{"VMOVSS X15, 64(SI)", "c57a117e40", "vmovss %xmm15, 64(%rsi)", func(f fn) { f.VMOVSS(X(15), SI.At(64)) }},
	{"VMOVQ X15, 64(SI)", "c461f97e7e40", "vmovq %xmm15, 64(%rsi)", func(f fn) { f.VMOVQ(X(15), SI.At(64)) }},
	{"VMOVD AX, X15", "c5796ef8", "vmovd %eax, %xmm15", func(f fn) { f.VMOVD(AX, X(15)) }},
	{"VMASKMOVPS 64(SI), Y9, Y15", "c462352c7e40", "vmaskmovps 64(%rsi), %ymm9, %ymm15", func(f fn) { f.VMASKMOVPS(SI.At(64), Y(9), Y(15)) }},
	{"VMASKMOVPS Y9, Y15, 64(SI)", "c462052e4e40", "vmaskmovps %ymm9, %ymm15, 64(%rsi)", func(f fn) { f.VMASKMOVPS(Y(9), Y(15), SI.At(64)) }},
	{"VBROADCASTSS 64(SI), Y15", "c4627d187e40", "vbroadcastss 64(%rsi), %ymm15", func(f fn) { f.VBROADCASTSS(SI.At(64), Y(15)) }},
	{"VBROADCASTSS X9, Z30", "62427d4818f1", "vbroadcastss %xmm9, %zmm30", func(f fn) { f.VBROADCASTSS(X(9), Z(30)) }},
	{"VBROADCASTSD 64(SI), Y15", "c4627d197e40", "vbroadcastsd 64(%rsi), %ymm15", func(f fn) { f.VBROADCASTSD(SI.At(64), Y(15)) }},
	{"VBROADCASTF32X4 64(SI), Z30", "62627d481a7604", "vbroadcastf32x4 64(%rsi), %zmm30", func(f fn) { f.VBROADCASTF32X4(SI.At(64), Z(30)) }},
	{"VBROADCASTF64X4 64(SI), Z30", "6262fd481b7602", "vbroadcastf64x4 64(%rsi), %zmm30", func(f fn) { f.VBROADCASTF64X4(SI.At(64), Z(30)) }},
	{"VBROADCASTI128 64(SI), Y15", "c4627d5a7e40", "vbroadcasti128 64(%rsi), %ymm15", func(f fn) { f.VBROADCASTI128(SI.At(64), Y(15)) }},
	{"VPBROADCASTB 64(SI), Y15", "c4627d787e40", "vpbroadcastb 64(%rsi), %ymm15", func(f fn) { f.VPBROADCASTB(SI.At(64), Y(15)) }},
	{"VPBROADCASTW 64(SI), Y15", "c4627d797e40", "vpbroadcastw 64(%rsi), %ymm15", func(f fn) { f.VPBROADCASTW(SI.At(64), Y(15)) }},
	{"VPBROADCASTD 64(SI), Y15", "c4627d587e40", "vpbroadcastd 64(%rsi), %ymm15", func(f fn) { f.VPBROADCASTD(SI.At(64), Y(15)) }},
	{"VPBROADCASTD X9, Y15", "c4427d58f9", "vpbroadcastd %xmm9, %ymm15", func(f fn) { f.VPBROADCASTD(X(9), Y(15)) }},
	{"VMOVSHDUP X9, X15", "c4417a16f9", "vmovshdup %xmm9, %xmm15", func(f fn) { f.VMOVSHDUP(X(9), X(15)) }},
	{"VPMOVSXBW 64(SI), Y15", "c4627d207e40", "vpmovsxbw 64(%rsi), %ymm15", func(f fn) { f.VPMOVSXBW(SI.At(64), Y(15)) }},
	{"VPMOVZXBW 64(SI), Y15", "c4627d307e40", "vpmovzxbw 64(%rsi), %ymm15", func(f fn) { f.VPMOVZXBW(SI.At(64), Y(15)) }},
	{"VPMOVSXWD 64(SI), Y15", "c4627d237e40", "vpmovsxwd 64(%rsi), %ymm15", func(f fn) { f.VPMOVSXWD(SI.At(64), Y(15)) }},
	{"VPMOVSXBD 64(SI), Y15", "c4627d217e40", "vpmovsxbd 64(%rsi), %ymm15", func(f fn) { f.VPMOVSXBD(SI.At(64), Y(15)) }},
	{"VPMOVZXBD 64(SI), Y15", "c4627d317e40", "vpmovzxbd 64(%rsi), %ymm15", func(f fn) { f.VPMOVZXBD(SI.At(64), Y(15)) }},
	{"VCVTDQ2PS 64(SI), Y15", "c57c5b7e40", "vcvtdq2ps 64(%rsi), %ymm15", func(f fn) { f.VCVTDQ2PS(SI.At(64), Y(15)) }},
	{"VCVTPS2DQ 64(SI), Y15", "c57d5b7e40", "vcvtps2dq 64(%rsi), %ymm15", func(f fn) { f.VCVTPS2DQ(SI.At(64), Y(15)) }},
	{"VCVTPH2PS 64(SI), Y15", "c4627d137e40", "vcvtph2ps 64(%rsi), %ymm15", func(f fn) { f.VCVTPH2PS(SI.At(64), Y(15)) }},
	{"VCVTPH2PS X9, Y15", "c4427d13f9", "vcvtph2ps %xmm9, %ymm15", func(f fn) { f.VCVTPH2PS(X(9), Y(15)) }},
	{"VCVTPS2PH $0, Y9, X15", "c4437d1dcf00", "vcvtps2ph $0, %ymm9, %xmm15", func(f fn) { f.VCVTPS2PH(0, Y(9), X(15)) }},
	{"VCVTPS2PH $0, Y9, 64(SI)", "c4637d1d4e4000", "vcvtps2ph $0, %ymm9, 64(%rsi)", func(f fn) { f.VCVTPS2PH(0, Y(9), SI.At(64)) }},
	{"VROUNDPS $0, Y9, Y15", "c4437d08f900", "vroundps $0, %ymm9, %ymm15", func(f fn) { f.VROUNDPS(0, Y(9), Y(15)) }},
	{"VRNDSCALEPS $8, Z9, Z30", "62437d4808f108", "vrndscaleps $8, %zmm9, %zmm30", func(f fn) { f.VRNDSCALEPS(8, Z(9), Z(30)) }},
	{"VSCALEFPS Z8, Z9, Z30", "624235482cf0", "vscalefps %zmm8, %zmm9, %zmm30", func(f fn) { f.VSCALEFPS(Z(8), Z(9), Z(30)) }},
	{"MOVQ 64(SI), R8", "4c8b4640", "movq 64(%rsi), %r8", func(f fn) { f.MOVQ(SI.At(64), R8) }},
	{"MOVQ R8, R12", "4d89c4", "movq %r8, %r12", func(f fn) { f.MOVQ(R8, R12) }},
	{"MOVQ $1, AX", "48c7c001000000", "movq $1, %rax", func(f fn) { f.MOVQ(imm(1), AX) }},
	{"ADDQ $128, R8", "4981c080000000", "addq $128, %r8", func(f fn) { f.ADDQ(imm(128), R8) }},
	{"ADDQ R8, DI", "4c01c7", "addq %r8, %rdi", func(f fn) { f.ADDQ(R8, DI) }},
	{"SUBQ $32, R8", "4983e820", "subq $32, %r8", func(f fn) { f.SUBQ(imm(32), R8) }},
	{"IMULQ R11, AX", "490fafc3", "imulq %r11, %rax", func(f fn) { f.IMULQ(R11, AX) }},
	{"SUBQ R8, DI", "4c29c7", "subq %r8, %rdi", func(f fn) { f.SUBQ(R8, DI) }},
	{"ANDQ $-64, R8", "4983e0c0", "andq $-64, %r8", func(f fn) { f.ANDQ(imm(-64), R8) }},
	{"XORQ R8, R8", "4d31c0", "xorq %r8, %r8", func(f fn) { f.XORQ(R8, R8) }},
	{"TESTQ R8, R8", "4d85c0", "testq %r8, %r8", func(f fn) { f.TESTQ(R8, R8) }},
	{"TESTQ $63, SI", "48f7c63f000000", "testq $63, %rsi", func(f fn) { f.TESTQ(imm(63), SI) }},
	{"CMPQ R8, $4", "4983f804", "cmpq $4, %r8", func(f fn) { f.CMPQ(R8, imm(4)) }},
	{"CMPQ AX, CX", "4839c8", "cmpq %rcx, %rax", func(f fn) { f.CMPQ(AX, CX) }},
	{"ORL BX, AX", "09d8", "orl %ebx, %eax", func(f fn) { f.ORL(BX, AX) }},
	{"SHLQ $2, R8", "49c1e002", "shlq $2, %r8", func(f fn) { f.SHLQ(imm(2), R8) }},
	{"SHLQ CX, AX", "48d3e0", "shlq %cl, %rax", func(f fn) { f.SHLQ(CX, AX) }},
	{"SHRQ $8, R8", "49c1e808", "shrq $8, %r8", func(f fn) { f.SHRQ(imm(8), R8) }},
	{"SHLL $16, BX", "c1e310", "shll $16, %ebx", func(f fn) { f.SHLL(imm(16), BX) }},
	{"MOVBLZX 2(SI), R8", "440fb64602", "movzbl 2(%rsi), %r8d", func(f fn) { f.MOVBLZX(SI.At(2), R8) }},
	{"MOVBLZX AX, BX", "0fb6d8", "movzbl %al, %ebx", func(f fn) { f.MOVBLZX(AX, BX) }},
	{"MOVWLZX (SI), R8", "440fb706", "movzwl (%rsi), %r8d", func(f fn) { f.MOVWLZX(SI.At(0), R8) }},
	{"LEAQ (R9)(R9*2), BX", "4b8d1c49", "leaq (%r9,%r9,2), %rbx", func(f fn) { f.LEAQ(R9.By(R9, 2), BX) }},
	{"LEAQ 63(SP), R8", "4c8d44243f", "leaq 63(%rsp), %r8", func(f fn) { f.LEAQ(SP.At(63), R8) }},
	{"DECQ R8", "49ffc8", "decq %r8", func(f fn) { f.DECQ(R8) }},
	{"KMOVW AX, K2", "c5f892d0", "kmovw %eax, %k2", func(f fn) { f.KMOVW(AX, K(2)) }},
	{"MOVL BX, 64(SI)", "895e40", "movl %ebx, 64(%rsi)", func(f fn) { f.MOVL(BX, SI.At(64)) }},
	{"CPUID", "0fa2", "cpuid", func(f fn) { f.CPUID() }},
	{"XGETBV", "0f01d0", "xgetbv", func(f fn) { f.XGETBV() }},
	{"LDTILECFG (AX)", "c4e2784900", "ldtilecfg (%rax)", func(f fn) { f.LDTILECFG(AX.At(0)) }},
	{"LDTILECFG 64(R13)", "c4c278498540000000", "ldtilecfg 64(%r13)", func(f fn) { f.LDTILECFG(R13.At(64)) }},
	{"TILERELEASE", "c4e27849c0", "tilerelease", func(f fn) { f.TILERELEASE() }},
	{"TILEZERO T5", "c4e27b49e8", "tilezero %tmm5", func(f fn) { f.TILEZERO(5) }},
	{"TILELOADD 704(DI)(R14*1), T4", "c4a27b4ba437c0020000", "tileloadd 704(%rdi,%r14), %tmm4", func(f fn) { f.TILELOADD(DI.By(R14, 1).Plus(704), 4) }},
	{"TILELOADD (SI)(AX*1), T2", "c4e27b4b1406", "tileloadd (%rsi,%rax), %tmm2", func(f fn) { f.TILELOADD(SI.By(AX, 1), 2) }},
	{"TILESTORED T3, 1024(R10)(R15*1)", "c4827a4b9c3a00040000", "tilestored %tmm3, 1024(%r10,%r15)", func(f fn) { f.TILESTORED(3, R10.By(R15, 1).Plus(1024)) }},
	{"TDPBSSD T5, T4, T3", "c4e2535edc", "tdpbssd %tmm5, %tmm4, %tmm3", func(f fn) { f.TDPBSSD(5, 4, 3) }},
	{"PREFETCHT0 64(SI)", "0f184e40", "prefetcht0 64(%rsi)", func(f fn) { f.PREFETCHT0(SI.At(64)) }},
	{"PREFETCHT1 64(SI)", "0f185640", "prefetcht1 64(%rsi)", func(f fn) { f.PREFETCHT1(SI.At(64)) }},
	{"PREFETCHNTA 64(SI)", "0f184640", "prefetchnta 64(%rsi)", func(f fn) { f.PREFETCHNTA(SI.At(64)) }},
	{"RET", "c3", "retq", func(f fn) { f.RET() }},
	{"VZEROUPPER", "c5f877", "vzeroupper", func(f fn) { f.VZEROUPPER() }},
}

func TestEachEmitterWritesWhatLLVMReads(t *testing.T) {
	p := file{asm.NewFile("k", "amd64")}
	f := p.begin("f", "is a test.")
	for _, c := range emitters {
		c.emit(f)
	}
	text := string(p.Assembly())
	lines := strings.Split(text, "\n")
	code := asmtest.Instructions(t, "amd64", text)
	if len(code) != len(emitters) {
		t.Fatalf("%d instructions of %d methods", len(code), len(emitters))
	}
	for i, c := range emitters {
		t.Run(c.text, func(t *testing.T) {
			got := strings.TrimSpace(lines[code[i].Line-1])
			if strings.HasPrefix(got, "BYTE ") {
				_, got, _ = strings.Cut(got, " // ")
			}
			if got != c.text {
				t.Errorf("the method wrote %q", got)
			}
			if got := fmt.Sprintf("%x", code[i].Code); got != c.code {
				t.Errorf("the machine code is %s, want %s", got, c.code)
			}
			if got := attOf(c.text); got != c.llvm {
				t.Errorf("LLVM reads %q, which is not %q", c.llvm, got)
			}
		})
	}
}

// TestEachEmitterHasACase counts the methods that add an instruction. Jumps need a
// label; the rules' tests have them.
func TestEachEmitterHasACase(t *testing.T) {
	had := map[string]bool{}
	for _, c := range emitters {
		name, _, _ := strings.Cut(c.text, " ")
		name, _, _ = strings.Cut(name, ".")
		had[name] = true
	}
	methods := reflect.TypeFor[fn]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		if strings.ToUpper(name) == name && name[0] != 'J' && !had[name] {
			t.Errorf("no case says what %s is", name)
		}
	}
}
