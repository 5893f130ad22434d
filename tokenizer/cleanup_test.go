package tokenizer_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// cleaning is a tokenizer of words that takes out spaces before marks.
func cleaning(t testing.TB) (*tokenizer.Tokenizer, int) {
	t.Helper()
	words := []string{"u", ".", "?", "!", ",", "'", "n't", "'m", "'s", "'ve", "'re", "a", "it", "n", "s", "Hello", "''", " ", "."}
	vocab := make([]string, 0, len(words))
	for i, w := range words[:len(words)-1] {
		vocab = append(vocab, `"`+w+`":`+string(rune('0' + i/10))[:1]+string(rune('0'+i%10)))
	}
	text := strings.Join(vocab, ",")
	for i := range 10 {
		text = strings.Replace(text, ":0"+string(rune('0'+i)), ":"+string(rune('0'+i)), 1)
	}
	tok, err := loadText(t, `{"model":{"type":"WordLevel","unk_token":"u","vocab":{`+text+`}}}`, "tokenizer_config.json", `{"clean_up_tokenization_spaces":true}`)
	if err != nil {
		t.Fatal(err)
	}
	return tok, len(words) - 1
}

func TestSpacesBeforeMarksAreTakenOut(t *testing.T) {
	tok, _ := cleaning(t)
	// What clean_up_tokenization of transformers 5.24 makes of the words with spaces
	// between them.
	for text, want := range map[string]string{
		"Hello , it 's a .":  "Hello, it's a.",
		"it n't a 've 're !": "itn't a've're!",
		"a ' s":              "a's",
		"a ' .":              "a '.",
		"' a '":              "' a '",
		"a ' ' s":            "a'' s",
	} {
		var ids []int
		for _, word := range strings.Fields(text) {
			id, ok := tok.TokenToID(word)
			if !ok {
				t.Fatalf("no %q", word)
			}
			ids = append(ids, id)
		}
		if got := tok.Decode(ids, false); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAStreamTakesOutTheSameSpaces(t *testing.T) {
	tok, size := cleaning(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	d := tok.NewDecoder(false)
	for range 3000 {
		var ids []int
		var got strings.Builder
		for range rnd.IntN(30) {
			id := rnd.IntN(size)
			ids = append(ids, id)
			got.WriteString(d.Next(id))
		}
		got.WriteString(d.Flush())
		if want := tok.Decode(ids, false); got.String() != want {
			t.Fatalf("%v: the stream gives %q, want %q", ids, got.String(), want)
		}
	}
}
