package mil

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
)

// attribute returns the value of that name, or nil. Attributes are a map in the
// format; where a name comes twice, the first counts.
func attribute(list []milpb.NamedValue, name string) *milpb.Value {
	for i := range list {
		if list[i].Name == name {
			return list[i].Value
		}
	}
	return nil
}

// plainString returns the content of a string scalar. Anything else than one
// string in place is no string, and no error: attributes that nobody here knows
// may have any type.
func plainString(v *milpb.Value) (string, bool) {
	if v == nil || v.Immediate == nil || v.Immediate.Tensor == nil {
		return "", false
	}
	t := v.Immediate.Tensor
	if t.Field != milpb.Strings || len(t.Strings) != 1 {
		return "", false
	}
	return t.Strings[0], true
}

// stringAttributes keeps the string attributes, and the string entries of those
// that are dictionaries, such as buildInfo, as name.key. The rest is dropped,
// and so is lost when a program is read and written again.
func stringAttributes(list []milpb.NamedValue) map[string]string {
	out := map[string]string{}
	for i := range list {
		v := list[i].Value
		if s, ok := plainString(v); ok {
			out[list[i].Name] = s
			continue
		}
		if v == nil || v.Immediate == nil || v.Immediate.Dictionary == nil {
			continue
		}
		for _, pair := range v.Immediate.Dictionary.Pairs {
			key, ok1 := plainString(pair.Key)
			value, ok2 := plainString(pair.Value)
			if ok1 && ok2 {
				out[list[i].Name+"."+key] = value
			}
		}
	}
	return out
}

// dtypes maps the format's element types to ours. Unsigned ones of 1 to 6 bits
// and floats of 8 bits came with iOS18, for weights alone. A number that is not
// in it is an element type that this module does not know, and reading ends
// with an error.
var dtypes = map[milpb.DataType]dtype.Type{
	milpb.Bool: dtype.Bool, milpb.String: dtype.String,
	milpb.Float16: dtype.Float16, milpb.Float32: dtype.Float32, milpb.Float64: dtype.Float64,
	milpb.BFloat16: dtype.BFloat16, milpb.Float8E4M3FN: dtype.Float8E4M3FN, milpb.Float8E5M2: dtype.Float8E5M2,
	milpb.Int8: dtype.Int8, milpb.Int16: dtype.Int16, milpb.Int32: dtype.Int32, milpb.Int64: dtype.Int64, milpb.Int4: dtype.Int4,
	milpb.UInt8: dtype.UInt8, milpb.UInt16: dtype.UInt16, milpb.UInt32: dtype.UInt32, milpb.UInt64: dtype.UInt64,
	milpb.UInt1: dtype.UInt1, milpb.UInt2: dtype.UInt2, milpb.UInt3: dtype.UInt3, milpb.UInt4: dtype.UInt4, milpb.UInt6: dtype.UInt6,
}
