package tiktoken_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/tiktoken"
)

func TestTokensHaveThePlacesOfTheirRanks(t *testing.T) {
	got, err := tiktoken.Read([]byte("YQ== 0\r\n\nYmM= 2\n  /w== \t1  \n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]byte{[]byte("a"), {0xff}, []byte("bc")}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestARankThatIsLeftOutHasNoToken(t *testing.T) {
	got, err := tiktoken.Read([]byte("YQ== 0\nYg== 3"))
	if err != nil || len(got) != 4 || got[1] != nil || got[2] != nil || string(got[3]) != "b" {
		t.Errorf("got %q (%v)", got, err)
	}
}

func TestMalformedLinesAreNamed(t *testing.T) {
	long := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", 1<<14+1)))
	for name, c := range map[string]struct{ text, want string }{
		"no rank":                 {"YQ== 0\nYg==\n", `line 2: "Yg==" is not a token and its rank`},
		"three words":             {"YQ== 0 1", "line 1:"},
		"a rank below zero":       {"YQ== -1", `line 1: the rank "-1" is out of range`},
		"a rank beyond all bound": {"YQ== 4000000", "line 1: the rank"},
		"a rank in words":         {"YQ== one", "line 1: the rank"},
		"no base64":               {"YQ== 0\n\n?? 1", `line 3: "??" is no token in base64`},
		"an empty token":          {"= 0", "line 1:"},
		"a token of 16385 bytes":  {long + " 0", "line 1:"},
		"a rank twice":            {"YQ== 0\nYg== 0", "line 2: the rank 0 comes twice"},
		"a token twice":           {"YQ== 0\nYQ== 1", `line 2: the token "YQ==" comes twice`},
		"nothing":                 {"\n\n", "no tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tiktoken.Read([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestFilesOfRanksAreKnownByTheirFirstLine(t *testing.T) {
	for text, want := range map[string]bool{
		"YQ== 0\n": true, "YQ== 0\r\nYg== 1": true, "/+8= 12": true, "": false, "{\"a\": 0}": false, "YQ== a": false, "a b c": false, "\x0a\x03 0": false,
	} {
		if got := tiktoken.Is([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// The numbers are those of openai_public.py in tiktoken and of tokenization_qwen.py.
func TestNamedEncodingsHaveTheirControlTokens(t *testing.T) {
	for name, want := range map[string]struct {
		count, id int
		text      string
	}{
		"gpt2":          {1, 50256, "<|endoftext|>"},
		"p50k_base":     {1, 50256, "<|endoftext|>"},
		"cl100k_base":   {5, 100276, "<|endofprompt|>"},
		"o200k_base":    {2, 200018, "<|endofprompt|>"},
		"o200k_harmony": {1091, 200012, "<|call|>"},
		"qwen":          {208, 151850, "<|extra_204|>"},
	} {
		e, ok := tiktoken.Named(name)
		if !ok || len(e.Specials) != want.count || !slices.Contains(e.Specials, tiktoken.Special{Text: want.text, ID: want.id}) {
			t.Errorf("%s has %d control tokens, want %d with %s = %d", name, len(e.Specials), want.count, want.text, want.id)
		}
	}
	if _, ok := tiktoken.Named("tokenizer"); ok {
		t.Error("a file without a name has an encoding")
	}
}

func FuzzTiktoken(f *testing.F) {
	f.Add([]byte("YQ== 0\nYmM= 1\n"))
	f.Add([]byte("YQ== 9\r\n\r\n/w== 3"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := tiktoken.Read(data)
		if err != nil {
			return
		}
		if len(tokens) > len(data)+2048 {
			t.Fatalf("%d ranks from %d bytes", len(tokens), len(data))
		}
		// What was read says the same when it is written again.
		var b strings.Builder
		for rank, token := range tokens {
			if token != nil {
				fmt.Fprintf(&b, "%s %d\n", base64.StdEncoding.EncodeToString(token), rank)
			}
		}
		again, err := tiktoken.Read([]byte(b.String()))
		if err != nil && !strings.Contains(err.Error(), "out of range") {
			t.Fatal(err) // a gap may be too wide for fewer lines
		}
		if err == nil && !slices.EqualFunc(tokens, again, slices.Equal) {
			t.Errorf("%q is read as %q again", tokens, again)
		}
	})
}
