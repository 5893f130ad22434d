package safetensors_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/safetensors"
)

// raw makes a file of a header and as many bytes of data.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestARefusalSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "header's length: unexpected EOF"},
		{"a length beyond the format's limit", binary.LittleEndian.AppendUint64(nil, 100_000_001), "header of 100000001 bytes, at most 100000000"},
		{"a header that is cut short", raw("{}", 0)[:9], "header: unexpected EOF"},
		{"a list", raw("[]", 0), "not a JSON object"},
		{"bytes that are no text", raw("{\"\xff\":1}", 0), "not UTF-8"},
		{"a name twice", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":1}`, 0), "occurs twice"},
		{"no type", raw(`{"a":{"shape":[0],"data_offsets":[0,0]}}`, 0), "dtype, shape or data_offsets is missing"},
		{"one offset", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}`, 0), "dtype, shape or data_offsets is missing"},
		{"a type that nobody knows", raw(`{"a":{"dtype":"U7","shape":[0],"data_offsets":[0,0]}}`, 0), "unknown element type"},
		{"a negative dimension", raw(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}`, 0), "shape [-1] is negative or too large"},
		{"fewer bytes than elements", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "bytes 0 to 4 for F32 of shape [2]"},
		{"a hole", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "begins at byte 1, want 0"},
		{"data that are missing", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 1), "1 bytes of data, the header wants 2"},
		{"data that are left over", raw(`{}`, 3), "3 bytes of data, the header wants 0"},
		{"something behind the object", raw(`{} {}`, 0), "something follows the JSON object"},
		{"metadata that are no texts", raw(`{"__metadata__":{"a":1}}`, 0), "metadata: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := open(c.file)
			if !errors.Is(err, safetensors.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}
