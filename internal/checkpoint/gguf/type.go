package gguf

import "fmt"

// Type is the form of a tensor's elements, by the format's own numbers.
type Type uint32

// The types that are decoded, and those that are known by name.
const (
	F32   Type = 0
	F16   Type = 1
	Q4_0  Type = 2
	Q4_1  Type = 3
	Q5_0  Type = 6
	Q5_1  Type = 7
	Q8_0  Type = 8
	Q8_1  Type = 9
	Q2K   Type = 10
	Q3K   Type = 11
	Q4K   Type = 12
	Q5K   Type = 13
	Q6K   Type = 14
	Q8K   Type = 15
	IQ4NL Type = 20
	IQ4XS Type = 23
	F64   Type = 28
	BF16  Type = 30
	MXFP4 Type = 39
)

// form is what is known of a type: how many elements are a block, in how many bytes, and
// how whole blocks become numbers; nil for what is not decoded.
type form struct {
	name         string
	block, bytes int
	decode       func(dst []float32, src []byte)
}

// forms lists the types. Block sizes of what is not decoded are needed to check where the
// tensors of a file lie.
var forms = map[Type]form{
	F32:   {"F32", 1, 4, decodeF32},
	F16:   {"F16", 1, 2, decodeF16},
	BF16:  {"BF16", 1, 2, decodeBF16},
	F64:   {"F64", 1, 8, decodeF64},
	Q4_0:  {"Q4_0", 32, 18, decodeQ4_0},
	Q4_1:  {"Q4_1", 32, 20, decodeQ4_1},
	Q5_0:  {"Q5_0", 32, 22, decodeQ5_0},
	Q5_1:  {"Q5_1", 32, 24, decodeQ5_1},
	Q8_0:  {"Q8_0", 32, 34, decodeQ8_0},
	Q8_1:  {"Q8_1", 32, 36, nil},
	Q2K:   {"Q2_K", 256, 84, decodeQ2K},
	Q3K:   {"Q3_K", 256, 110, decodeQ3K},
	Q4K:   {"Q4_K", 256, 144, decodeQ4K},
	Q5K:   {"Q5_K", 256, 176, decodeQ5K},
	Q6K:   {"Q6_K", 256, 210, decodeQ6K},
	Q8K:   {"Q8_K", 256, 292, decodeQ8K},
	IQ4NL: {"IQ4_NL", 32, 18, decodeIQ4NL},
	IQ4XS: {"IQ4_XS", 256, 136, decodeIQ4XS},
	MXFP4: {"MXFP4", 32, 17, decodeMXFP4},
	16:    {"IQ2_XXS", 256, 66, nil},
	17:    {"IQ2_XS", 256, 74, nil},
	18:    {"IQ3_XXS", 256, 98, nil},
	19:    {"IQ1_S", 256, 50, nil},
	21:    {"IQ3_S", 256, 110, nil},
	22:    {"IQ2_S", 256, 82, nil},
	24:    {"I8", 1, 1, nil},
	25:    {"I16", 1, 2, nil},
	26:    {"I32", 1, 4, nil},
	27:    {"I64", 1, 8, nil},
	29:    {"IQ1_M", 256, 56, nil},
	34:    {"TQ1_0", 256, 54, nil},
	35:    {"TQ2_0", 256, 66, nil},
	40:    {"NVFP4", 64, 36, nil},
}

// String returns the name that llama.cpp gives the type.
func (t Type) String() string {
	if f, ok := forms[t]; ok {
		return f.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Decodes reports whether tensors of the type can be read.
func (t Type) Decodes() bool { return forms[t].decode != nil }

// Block returns how many elements of a row share their parameters, 1 for plain numbers
// and 0 for a type that is not known.
func (t Type) Block() int { return forms[t].block }

// RowBytes returns how many bytes a row of n elements takes; n must be whole blocks.
func (t Type) RowBytes(n int) int {
	f := forms[t]
	if f.block == 0 {
		return 0
	}
	return n / f.block * f.bytes
}

// Decode decodes whole blocks of src into dst, which has exactly their elements. The type
// must be one that Decodes.
func (t Type) Decode(dst []float32, src []byte) { forms[t].decode(dst, src) }
