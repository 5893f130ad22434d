package tokenizer_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer"
)

func FuzzLoad(f *testing.F) {
	f.Add([]byte(tiny))
	f.Add([]byte(strings.Replace(tiny, `"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","use_regex":true},{"type":"Metaspace","prepend_scheme":"first"}]}`, 1)))
	f.Add([]byte(strings.Replace(tiny, `"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Split","behavior":"MergedWithNext","invert":true,"pattern":{"Regex":"\\s+|[a-z]++"}}`, 1)))
	f.Add([]byte(`{"normalizer":{"type":"Precompiled","precompiled_charsmap":"CAAAAAEEAAABAAAAYQBi"},"model":{"type":"Unigram","unk_id":0,"vocab":[["a",-1.5],["ab",-2],["<0x00>",-1e3]],"byte_fallback":true}}`))
	f.Add([]byte(`{"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"WordPiece","unk_token":"u","vocab":{"u":0,"a":1,"##b":2}},"decoder":{"type":"WordPiece","prefix":"##"}}`))
	f.Add([]byte(`{"model":{"vocab":{"a":0,"\u00e9\ud83d\ude42":1},"merges":[["a","a"]],"end_of_word_suffix":"</w>","continuing_subword_prefix":"##"}}`))
	f.Add([]byte(hostile{"normalizer": replacing(literal("a"), "aaaaaaaa"), "decoder": replacing(literal("a"), "aaaaaaaa")}.text(f)))
	f.Add([]byte(hostile{"normalizer": charsMap("bbbb"), "pre_tokenizer": splitting("(a|b)+")}.text(f)))
	f.Add([]byte(hostile{"model": wordPiece(1000, "a", "##a", "##b"), "post_processor": template(3, 2)}.text(f)))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := loadText(t, string(data))
		if err != nil {
			return
		}
		if size := tok.VocabSize(); size > 16*len(data)+2048 {
			t.Errorf("a vocabulary of %d from %d bytes", size, len(data))
		}
		const text = "ab é\xff <s>[x]\n123"
		ids, err := tok.Encode(text, true)
		if err != nil {
			return
		}
		// What a short text becomes is bounded whatever the file says.
		if len(ids) > 2<<20 {
			t.Errorf("%d ids", len(ids))
		}
		if n, err := tok.Count(text, true); err != nil || n != len(ids) {
			t.Errorf("counted %d (%v) of %d ids", n, err, len(ids))
		}
		if part, n, err := tok.Truncate(text, 3, nil); err == nil && (n > 3 || !strings.HasPrefix(text, part)) {
			t.Errorf("cut to %q of %d tokens", part, n)
		}
		if e, err := tok.EncodeWithOffsets(text, true); err == nil {
			for _, at := range e.Offsets {
				if at.Start < 0 || at.Start > at.End || at.End > len(text) {
					t.Fatalf("a token at %v of %d bytes", at, len(text))
				}
			}
		}
		if len(ids) > 1<<12 {
			return
		}
		if text, err := tok.DecodeContext(t.Context(), ids, false); err == nil && len(text) > 1<<20+10*len(data)*len(ids) {
			t.Errorf("decoded %d bytes", len(text))
		}
		if text := tok.Decode(ids, false); !utf8.ValidString(text) {
			t.Errorf("decoded %q", text)
		}
		d := tok.NewDecoder(true)
		for _, id := range ids {
			if text := d.Next(id); !utf8.ValidString(text) {
				t.Errorf("the stream gave %q", text)
			}
		}
		d.Flush()
	})
}

func FuzzEncodeDecode(f *testing.F) {
	for _, seed := range []string{"", "Once upon a time", "é\u0301 中文 🙂\u200d🙂", "\xff\xfe\xc3", "a\r\n\r\n  b\t12345 don't", "<|story|> x<|endoftext|>", strings.Repeat("ab", 100), strings.Repeat("\xff", 3000)} {
		f.Add(seed)
	}
	data, err := os.ReadFile("testdata/storyteller/tokenizer.json")
	if err != nil {
		f.Fatal(err)
	}
	bytes, err := loadText(f, string(data))
	if err != nil {
		f.Fatal(err)
	}
	marks := loadTiny(f)
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := bytes.Encode(text, false)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ToValidUTF8(text, "")
		if utf8.ValidString(text) {
			if got := bytes.Decode(ids, false); got != want {
				t.Errorf("got %q back, want %q", got, want)
			}
		}
		for _, tok := range []*tokenizer.Tokenizer{bytes, marks} {
			ids, err := tok.Encode(text, true)
			if err != nil {
				t.Fatal(err)
			}
			d := tok.NewDecoder(false)
			var b strings.Builder
			for _, id := range ids {
				part := d.Next(id)
				if !utf8.ValidString(part) {
					t.Fatalf("the stream gave %q", part)
				}
				b.WriteString(part)
			}
			b.WriteString(d.Flush())
			if got, want := b.String(), tok.Decode(ids, false); tok == bytes && got != want {
				t.Errorf("the stream gave %q, want %q", got, want)
			}
		}
	})
}
