package generate_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
)

func bytesReader(data []byte) io.Reader { return bytes.NewReader(data) }

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
