package embed_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// files makes a file system of texts by name.
func files(texts map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// weights makes a file of tensors.
func weights(t testing.TB, tensors ...safetensors.Named) string {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// chain is modules.json of a model, by the names of the classes.
func chain(kinds ...string) string {
	list := make([]string, len(kinds))
	for i, kind := range kinds {
		dir := fmt.Sprintf("%d_%s", i, kind)
		if i == 0 {
			dir = ""
		}
		list[i] = fmt.Sprintf(`{"idx":%d,"name":"%d","path":%q,"type":"sentence_transformers.models.%s"}`, i, i, dir, kind)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestSettingsComeFromTheFilesOfSentenceTransformers(t *testing.T) {
	old := `{"word_embedding_dimension":8,"pooling_mode_cls_token":%v,"pooling_mode_mean_tokens":%v,"pooling_mode_max_tokens":false,"pooling_mode_lasttoken":%v}`
	for name, tc := range map[string]struct {
		files map[string]string
		want  embed.Settings
	}{
		"none at all":              {nil, embed.Settings{}},
		"an old mean":              {map[string]string{"modules.json": chain("Transformer", "Pooling"), "1_Pooling/config.json": fmt.Sprintf(old, false, true, false)}, embed.Settings{Pooling: "mean"}},
		"two at once":              {map[string]string{"modules.json": chain("Transformer", "Pooling", "Normalize"), "1_Pooling/config.json": fmt.Sprintf(old, true, false, true)}, embed.Settings{Pooling: "cls+last", Normalize: true}},
		"a new name":               {map[string]string{"modules.json": chain("Transformer", "Pooling"), "1_Pooling/config.json": `{"pooling_mode":"lasttoken","include_prompt":false}`}, embed.Settings{Pooling: "last", SkipPrompt: true}},
		"new names in their order": {map[string]string{"1_Pooling/config.json": `{"pooling_mode":["max","cls"]}`}, embed.Settings{Pooling: "max+cls"}},
		"no pooling named":         {map[string]string{"1_Pooling/config.json": `{}`}, embed.Settings{Pooling: "mean"}},
		"lengths":                  {map[string]string{"sentence_bert_config.json": `{"max_seq_length":256,"do_lower_case":true}`, "config.json": `{"max_position_embeddings":512}`}, embed.Settings{MaxTokens: 256, LowerCase: true}},
		"a new length":             {map[string]string{"sentence_bert_config.json": `{"processing_kwargs":{"text":{"max_length":64}}}`}, embed.Settings{MaxTokens: 64}},
		"positions behind a pad":   {map[string]string{"config.json": `{"model_type":"roberta","max_position_embeddings":514,"pad_token_id":1}`}, embed.Settings{MaxTokens: 512}},
		"prompts": {
			map[string]string{"config_sentence_transformers.json": `{"prompts":{"query":"q: ","document":null},"default_prompt_name":"query","similarity_fn_name":"dot","truncate_dim":64}`},
			embed.Settings{Prompts: map[string]string{"query": "q: "}, DefaultPrompt: "query", Similarity: "dot", Dimensions: 64},
		},
		"a reranker": {
			map[string]string{"config.json": `{"architectures":["XForSequenceClassification"],"id2label":{"0":"LABEL_0","x":"y"},"sentence_transformers":{"activation_fn":"torch.nn.modules.linear.Identity"}}`},
			embed.Settings{Labels: map[int]string{0: "LABEL_0"}, Activation: "identity"},
		},
		"an old reranker": {map[string]string{"config.json": `{"sbert_ce_default_activation_function":"torch.nn.modules.activation.Sigmoid"}`}, embed.Settings{Activation: "sigmoid"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := embed.ReadSettings(files(tc.files))
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Labels) == 0 {
				s.Labels = nil
			}
			public := func(s *embed.Settings) string {
				return fmt.Sprint(s.Pooling, s.SkipPrompt, s.Normalize, s.MaxTokens, s.Prompts, s.DefaultPrompt, s.Similarity, s.Dimensions, s.LowerCase, s.Labels, s.Activation)
			}
			if got, want := public(s), public(&tc.want); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func TestBrokenSettingsAreErrorsThatNameTheFile(t *testing.T) {
	pooling := `{"pooling_mode":"mean"}`
	dense := `{"in_features":2,"out_features":3,"activation_function":"torch.nn.modules.activation.Tanh"}`
	with := func(more map[string]string) map[string]string {
		out := map[string]string{"modules.json": chain("Transformer", "Pooling", "Dense"), "1_Pooling/config.json": pooling, "2_Dense/config.json": dense}
		for name, text := range more {
			out[name] = text
		}
		return out
	}
	wide := weights(t, safetensors.Named{Name: "linear.weight", Tensor: tensor.New(tensor.Float32, 2, 3)}, safetensors.Named{Name: "linear.bias", Tensor: tensor.New(tensor.Float32, 3)})
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no JSON":                   {map[string]string{"modules.json": "["}, `"modules.json": `},
		"null":                      {map[string]string{"config.json": "null"}, `"config.json": is null`},
		"another kind":              {map[string]string{"modules.json": `{"a":1}`}, `"modules.json": `},
		"a file of another kind":    {map[string]string{"modules.json": "version https://git-lfs.github.com/spec/v1\noid sha256:0000000000000000000000000000000000000000000000000000000000000000\nsize 12\n"}, "Git LFS"},
		"too long a file":           {map[string]string{"config.json": strings.Repeat(" ", 1<<20+1)}, "config.json"},
		"too many modules":          {map[string]string{"modules.json": "[" + strings.Repeat(`{"type":"Dropout"},`, 40) + `{"type":"Dropout"}]`}, "41 modules"},
		"a path that leads out":     {map[string]string{"modules.json": `[{"path":"../other","type":"Pooling"}]`}, `path "../other"`},
		"an absolute path":          {map[string]string{"modules.json": `[{"path":"/etc","type":"Pooling"}]`}, `path "/etc"`},
		"a class that is not known": {map[string]string{"modules.json": chain("Transformer", "LSTM")}, `type "LSTM" is not known`},
		"a second pooling":          {with(map[string]string{"modules.json": chain("Transformer", "Pooling", "Pooling"), "2_Pooling/config.json": pooling}), "a second Pooling"},
		"a second transformer":      {map[string]string{"modules.json": chain("Transformer", "Transformer")}, "behind other modules"},
		"no pooling file":           {map[string]string{"modules.json": chain("Transformer", "Pooling")}, `"1_Pooling/config.json"`},
		"an unknown pooling":        {map[string]string{"1_Pooling/config.json": `{"pooling_mode":"sum"}`}, `pooling_mode is "sum"`},
		"a pooling twice":           {map[string]string{"1_Pooling/config.json": `{"pooling_mode":["mean","mean"]}`}, "comes twice"},
		"a pooling of numbers":      {map[string]string{"1_Pooling/config.json": `{"pooling_mode":3}`}, "neither a name nor a list"},
		"dense before the pooling":  {map[string]string{"modules.json": chain("Transformer", "Dense")}, "Dense before the Pooling"},
		"dense without settings":    {map[string]string{"modules.json": chain("Transformer", "Pooling", "Dense"), "1_Pooling/config.json": pooling}, `"2_Dense/config.json"`},
		"dense without weights":     {with(nil), `"2_Dense/model.safetensors"`},
		"dense in a pickle":         {with(map[string]string{"2_Dense/pytorch_model.bin": "x"}), "pickle"},
		"dense of another shape":    {with(map[string]string{"2_Dense/model.safetensors": wide}), "tensor linear.weight has the shape [2 3], want [3 2]"},
		"dense of other tensors":    {with(map[string]string{"2_Dense/model.safetensors": weights(t)}), "linear.weight"},
		"dense that is too large":   {with(map[string]string{"2_Dense/config.json": `{"in_features":100000,"out_features":1}`}), "the sizes are 100000 and 1"},
		"dense of another function": {with(map[string]string{"2_Dense/config.json": `{"in_features":2,"out_features":3,"activation_function":"torch.nn.Hardswish"}`}), `activation_function is "torch.nn.Hardswish"`},
		"dense over tokens":         {with(map[string]string{"2_Dense/config.json": `{"in_features":2,"out_features":3,"module_input_name":"token_embeddings"}`}), "something else than the text's vector"},
		"normalised tokens":         {with(map[string]string{"modules.json": chain("Transformer", "Pooling", "Normalize"), "2_Normalize/config.json": `{"module_input_name":"token_embeddings"}`}), "something else than the text's vector"},
		"a length of nothing":       {map[string]string{"sentence_bert_config.json": `{"max_seq_length":0}`}, "the greatest length is 0"},
		"positions of nothing":      {map[string]string{"config.json": `{"max_position_embeddings":0}`}, "max_position_embeddings is 0"},
		"a prompt that is missing":  {map[string]string{"config_sentence_transformers.json": `{"default_prompt_name":"query"}`}, `default_prompt_name is "query", and there are no prompts`},
		"negative dimensions":       {map[string]string{"config_sentence_transformers.json": `{"truncate_dim":-1}`}, "truncate_dim is -1"},
		"an unknown activation":     {map[string]string{"config.json": `{"sbert_ce_default_activation_function":"torch.nn.ReLU"}`}, "activation_fn is \"torch.nn.ReLU\""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := embed.ReadSettings(files(tc.files))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.Is(err, embed.ErrConfig) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func TestLayersAreThoseOfPyTorch(t *testing.T) {
	weight := tensor.FromSlice([]float32{1, 2, 0, -1, 3, 1}, 3, 2)
	bias := tensor.FromSlice([]float32{0.5, 0, -1}, 3)
	project := tensor.FromSlice([]float32{1, 0, 0, 1, 1, 1}, 3, 2)
	for activation, f := range map[string]func(float64) float64{
		"Identity": func(x float64) float64 { return x }, "Tanh": math.Tanh, "ReLU": func(x float64) float64 { return math.Max(x, 0) },
		"Sigmoid": func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, "SiLU": func(x float64) float64 { return x / (1 + math.Exp(-x)) },
		"GELU": func(x float64) float64 { return x * 0.5 * (1 + math.Erf(x/math.Sqrt2)) },
	} {
		for _, residual := range []bool{false, true} {
			fsys := files(map[string]string{
				"modules.json": chain("Transformer", "Pooling", "Dense"), "1_Pooling/config.json": `{"pooling_mode":"mean"}`,
				"2_Dense/config.json":       fmt.Sprintf(`{"in_features":2,"out_features":3,"activation_function":"torch.nn.modules.x.%s","use_residual":%v}`, activation, residual),
				"2_Dense/model.safetensors": weights(t, safetensors.Named{Name: "linear.weight", Tensor: weight}, safetensors.Named{Name: "linear.bias", Tensor: bias}, safetensors.Named{Name: "residual.weight", Tensor: project}),
			})
			s, err := embed.ReadSettings(fsys)
			if err != nil {
				t.Fatal(err)
			}
			got, err := embed.ApplyLayers(s, []float32{0.25, -0.5}, false)
			if err != nil {
				t.Fatal(err)
			}
			want := []float64{f(0.25 - 1 + 0.5), f(0.5), f(0.75 - 0.5 - 1)}
			if residual {
				for i, x := range []float64{0.25, -0.5, -0.25} {
					want[i] += x
				}
			}
			for i := range want {
				if math.Abs(float64(got[i])-want[i]) > 1e-6 {
					t.Errorf("%s, residual %v: %v, want %v", activation, residual, got, want)
					break
				}
			}
			// A vector that the package has finished stays, and one of another size is refused.
			if same, err := embed.ApplyLayers(s, []float32{1, 2, 3}, true); err != nil || !slices.Equal(same, []float32{1, 2, 3}) {
				t.Errorf("a finished vector became %v, %v", same, err)
			}
			if _, err := embed.ApplyLayers(s, []float32{1, 2, 3}, false); err == nil || !strings.Contains(err.Error(), "takes vectors of 2 numbers, and the package gives 3") {
				t.Error(err)
			}
		}
	}
}

func FuzzSettings(f *testing.F) {
	for _, dir := range []string{"mean-bert", "dense-bert", "pooled-roberta", "reranker-classes"} {
		fsys := os.DirFS(path.Join("testdata/encoders", dir))
		read := func(name string) []byte {
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return nil
			}
			return data
		}
		f.Add(read("modules.json"), read("1_Pooling/config.json"), read("3_Dense/config.json"), read("3_Dense/model.safetensors"),
			read("sentence_bert_config.json"), read("config_sentence_transformers.json"), read("config.json"))
	}
	f.Add([]byte(chain("Transformer", "Pooling", "Dense", "LayerNorm")), []byte(`{"pooling_mode":["cls","max"]}`), []byte(`{"in_features":1,"out_features":1,"dimension":1}`), []byte{}, []byte(`{"max_seq_length":1}`), []byte(`{"prompts":{}}`), []byte(`{"id2label":{"0":"a"}}`))
	f.Fuzz(func(t *testing.T, modules, pooling, layer, weights, sentence, prompts, config []byte) {
		fsys := fstest.MapFS{}
		for name, data := range map[string][]byte{
			"modules.json": modules, "1_Pooling/config.json": pooling, "2_Dense/config.json": layer, "2_Dense/model.safetensors": weights,
			"3_Dense/config.json": layer, "3_Dense/model.safetensors": weights, "2_LayerNorm/config.json": layer, "2_LayerNorm/model.safetensors": weights,
			"sentence_bert_config.json": sentence, "config_sentence_transformers.json": prompts, "config.json": config,
		} {
			if len(data) > 0 {
				fsys[name] = &fstest.MapFile{Data: data}
			}
		}
		s, err := embed.ReadSettings(fsys)
		if err != nil {
			if !errors.Is(err, embed.ErrConfig) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		for n := range 4 {
			if _, err := embed.ApplyLayers(s, make([]float32, n), n%2 == 0); err != nil && !errors.Is(err, embed.ErrConfig) {
				t.Error(err)
			}
		}
	})
}

func FuzzReadDriver(f *testing.F) {
	f.Add([]byte(`{"tokens":"ids","attention_mask":"m","constants":{"x":1},"output":"y","gives":"rows","pooling":"mean+cls","padding":"left"}`))
	f.Add([]byte(`{"a":1}`))
	f.Add([]byte(`{"version":1,"kind":"embeddings","pooling":"cls"}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"kind":"text"}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"constants":null} x`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := embed.ReadDriver(bytes.NewReader(data))
		if (d == nil) != (err != nil) {
			t.Fatalf("%v, %v", d, err)
		}
		if err == nil {
			_, _ = embed.Detection(nil, *d, "", 0, false)
		} else if !errors.Is(err, embed.ErrPackage) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}

func TestDriverFilesSayWhatTheyAre(t *testing.T) {
	for text, want := range map[string]string{
		`{"version": 1, "kind": "embeddings", "pooling": "cls"}`: "",
		`{"pooling": "cls"}`: "",
		`{"version": 2}`:     "is 2; this program reads version 1",
		`{"kind": "text"}`:   "writes text and makes no vectors",
		`{"kind": "x"}`:      `want "text" or "embeddings"`,
	} {
		d, err := embed.ReadDriver(strings.NewReader(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || err == nil && d.Pooling != "cls" {
			t.Errorf("%s: %v, %v", text, d, err)
		}
	}
}
