package cache

import (
	"maps"
	"math"
	"strings"
	"testing"
	"time"
)

// A listing that is read is written so that it is read as the same.
func FuzzTree(f *testing.F) {
	f.Add([]byte(`{"format_version":1,"files":{"a/b":{"size":1,"blob_id":"x","lfs_sha256":"y","lfs_size":2,"xet_hash":null}}}`))
	f.Add([]byte(`{"format_version":1,"files":{"\ud83d\ude00 \u0007":{"size":1,"blob_id":"\u0000"}}}`))
	f.Add([]byte(`{"format_version":1.0,"files":{}}`))
	f.Add([]byte(`{"files":{"../x":{"size":-1,"blob_id":""}},"format_version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := parseTree(data)
		if err != nil {
			return
		}
		for name, file := range tree {
			if CheckName(name) != nil || file.Size < 0 {
				t.Fatalf("%q: %v", name, file)
			}
		}
		again, err := parseTree(tree.encode())
		if err != nil || !maps.Equal(tree, again) {
			t.Fatalf("%v becomes %v, %v", tree, again, err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte("commit\netag\n1712656091.123\n"))
	f.Add([]byte("\n\n-1e300"))
	f.Add([]byte("a\r\nb\r\n0x1p3\r\nmore"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, ok := parseMetadata(data)
		if !ok {
			return
		}
		if strings.ContainsAny(m.Commit+m.ETag, "\n") || m.Time.Before(time.Unix(-2e11, 0)) || m.Time.After(time.Unix(2e11, 0)) {
			t.Fatalf("%q: %v", data, m)
		}
	})
}

// Temporary names are told apart from Python's, and from what they are of.
func FuzzOwner(f *testing.F) {
	f.Add("abc")
	f.Add("a.12345678.incomplete")
	f.Add(strings.Repeat(".", 9))
	f.Fuzz(func(t *testing.T, etag string) {
		name := ownName(etag)
		if etag != "" && (!isOwn(name) || owner(name) != etag) {
			t.Fatalf("%q: %q is of %q", etag, name, owner(name))
		}
		if isOwn(etag) && owner(etag) == etag {
			t.Fatalf("%q is a temporary name of nothing", etag)
		}
	})
}

func TestPythonsFloatsAreWrittenAsPythonDoes(t *testing.T) {
	for x, want := range map[float64]string{
		1712656091.123: "1712656091.123", 1712656091: "1712656091.0", 1764480000.1234567: "1764480000.1234567", math.Pow(2, 40): "1099511627776.0",
	} {
		if got := pythonFloat(x); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
