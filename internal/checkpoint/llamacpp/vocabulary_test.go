package llamacpp

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func sentencePieces() *vocabulary {
	return &vocabulary{
		model:  "llama",
		tokens: []string{"<unk>", "<s>", "</s>", "<0x0A>", "\u2581", "a", "b", "ab", "\u2581ab", "abab", "<x>"},
		kinds:  []int64{unknownToken, controlToken, controlToken, byteToken, normalToken, normalToken, normalToken, normalToken, normalToken, normalToken, userToken},
		scores: []float64{0, 0, 0, 0, -10, -11, -12, -2, -1, -3, 0},
		bos:    1, eos: 2, unk: 0, pad: -1, ends: []int{2}, spaceBefore: true,
		templates: []chatTemplate{{"default", "{{ messages }}"}},
	}
}

// What SentencePiece merges first is the pair whose token has the best score.
func TestScoresBecomeMerges(t *testing.T) {
	got, err := sentencePieces().scoredMerges()
	want := [][2]string{{"\u2581", "ab"}, {"a", "b"}, {"ab", "ab"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestMergesAreBounded(t *testing.T) {
	v := &vocabulary{tokens: make([]string, 5), scores: make([]float64, 5)}
	for i := range v.tokens {
		v.tokens[i] = strings.Repeat(string(rune('a'+i)), maxToken)
	}
	if _, err := v.scoredMerges(); err == nil {
		t.Error("tokens of 16 KiB are cut in two everywhere")
	}
}

func TestTheFilesOfAVocabulary(t *testing.T) {
	files, err := sentencePieces().files(128)
	if err != nil {
		t.Fatal(err)
	}
	var tokenizer struct {
		Added []struct {
			ID      int
			Special bool
		} `json:"added_tokens"`
		Post struct {
			Type   string
			Single []map[string]struct{ ID string }
		} `json:"post_processor"`
		Model struct {
			Vocab map[string]int
			Unk   string `json:"unk_token"`
		}
	}
	if err := json.Unmarshal(files["tokenizer.json"], &tokenizer); err != nil {
		t.Fatal(err)
	}
	// Texts get a beginning where the metadata does not say, as with llama.cpp.
	if p := tokenizer.Post; p.Type != "TemplateProcessing" || len(p.Single) != 2 || p.Single[0]["SpecialToken"].ID != "<s>" {
		t.Errorf("post-processor: %+v", p)
	}
	if len(tokenizer.Added) != 4 || tokenizer.Added[3].ID != 10 || tokenizer.Added[3].Special || !tokenizer.Added[1].Special {
		t.Errorf("added tokens: %+v", tokenizer.Added)
	}
	if tokenizer.Model.Unk != "<unk>" || tokenizer.Model.Vocab["abab"] != 9 {
		t.Errorf("model: %+v", tokenizer.Model)
	}
	var config map[string]any
	if err := json.Unmarshal(files["tokenizer_config.json"], &config); err != nil || config["chat_template"] != "{{ messages }}" || config["eos_token"] != "</s>" {
		t.Errorf("tokenizer_config.json: %v, %v", config, err)
	}
	var generation map[string]any
	if err := json.Unmarshal(files["generation_config.json"], &generation); err != nil || !reflect.DeepEqual(generation["eos_token_id"], []any{2.0}) {
		t.Errorf("generation_config.json: %v, %v", generation, err)
	}
}

func TestAnUnknownTokenizerIsNamed(t *testing.T) {
	v := sentencePieces()
	v.model = "t5"
	if _, err := v.files(1); err == nil || !strings.Contains(err.Error(), "t5") {
		t.Errorf("got %v", err)
	}
}

// Three quarters of twelve dimensions are nine, whatever the rounding of the quotient.
func TestAFractionGivesItsCountBack(t *testing.T) {
	for of := 1; of <= 512; of++ {
		for n := 1; n <= of; n++ {
			if got := int(fraction(n, of) * float64(of)); got != n {
				t.Fatalf("%d of %d: %d", n, of, got)
			}
		}
	}
}
