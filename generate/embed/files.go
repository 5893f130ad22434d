package embed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// maxFileBytes bounds each JSON file beside a package.
const maxFileBytes = 1 << 20

// The files that sentence-transformers and transformers write beside a model.
const (
	modulesName    = "modules.json"
	poolingName    = "1_Pooling/config.json"
	sentenceName   = "sentence_bert_config.json"
	promptsName    = "config_sentence_transformers.json"
	configName     = "config.json"
	weightsName    = "model.safetensors"
	pickledWeights = "pytorch_model.bin"
)

// place is a folder in which side files may lie.
type place struct {
	fsys fs.FS
	dir  string
}

// readJSON reads a JSON file into dst and reports whether it is there.
func (p place) readJSON(name string, dst any) (bool, error) {
	data, err := storage.ReadOptional(p.fsys, path.Join(p.dir, name), maxFileBytes)
	if err != nil {
		return false, fileError(name, err)
	}
	if data == nil {
		return false, nil
	}
	if err := unmarshal(data, dst); err != nil {
		return false, fileError(name, err)
	}
	return true, nil
}

// unmarshal reads JSON, and says errors in the words of the file.
func unmarshal(data []byte, dst any) error {
	if strings.TrimSpace(string(data)) == "null" {
		return errors.New("is null")
	}
	return storage.JSONError(json.Unmarshal(data, dst))
}

// readSettings reads the files of the first folder that has them. Those of
// sentence-transformers go together, and so come from one folder; config.json may
// lie in another.
func readSettings(places []place) (*Settings, error) {
	s := new(Settings)
	for _, p := range places {
		found, err := s.readModules(p)
		if err != nil {
			return nil, err
		}
		if found {
			break
		}
	}
	for _, p := range places {
		found, err := s.readConfig(p)
		if err != nil {
			return nil, err
		}
		if found {
			break
		}
	}
	return s, nil
}

// readModules reads what sentence-transformers wrote into a folder, and reports
// whether there was any of it.
func (s *Settings) readModules(p place) (bool, error) {
	var list []moduleEntry
	modules, err := p.readJSON(modulesName, &list)
	if err != nil {
		return false, err
	}
	if modules {
		if err := s.readChain(p, list); err != nil {
			return false, fileError(modulesName, err)
		}
	} else {
		var f poolingFile
		if modules, err = p.readJSON(poolingName, &f); err != nil {
			return false, err
		}
		if modules {
			if err := s.setPooling(&f); err != nil {
				return false, fileError(poolingName, err)
			}
		}
	}
	sentence, err := s.readSentence(p)
	if err != nil {
		return false, err
	}
	prompts, err := s.readPrompts(p)
	return modules || sentence || prompts, err
}

// readSentence reads the settings of the tokenizer in sentence_bert_config.json.
func (s *Settings) readSentence(p place) (bool, error) {
	var f struct {
		MaxSeqLength *int  `json:"max_seq_length"`
		DoLowerCase  *bool `json:"do_lower_case"`
		Processing   struct {
			Text struct {
				MaxLength *int `json:"max_length"`
			} `json:"text"`
		} `json:"processing_kwargs"`
	}
	found, err := p.readJSON(sentenceName, &f)
	if err != nil || !found {
		return false, err
	}
	for _, n := range []*int{f.MaxSeqLength, f.Processing.Text.MaxLength} {
		if n == nil {
			continue
		}
		if *n < 1 {
			return false, configErrorf(sentenceName, "the greatest length is %d, want 1 or more", *n)
		}
		s.MaxTokens = *n
	}
	s.LowerCase = valueOr(f.DoLowerCase, false)
	return true, nil
}

// readPrompts reads config_sentence_transformers.json.
func (s *Settings) readPrompts(p place) (bool, error) {
	var f struct {
		Prompts           map[string]*string `json:"prompts"`
		DefaultPromptName *string            `json:"default_prompt_name"`
		Similarity        *string            `json:"similarity_fn_name"`
		Dimensions        *int               `json:"truncate_dim"`
		Activation        *string            `json:"activation_fn"`
	}
	found, err := p.readJSON(promptsName, &f)
	if err != nil || !found {
		return false, err
	}
	s.Prompts = map[string]string{}
	for name, text := range f.Prompts {
		if text != nil {
			s.Prompts[name] = *text
		}
	}
	s.DefaultPrompt, s.Similarity = valueOr(f.DefaultPromptName, ""), valueOr(f.Similarity, "")
	if _, ok := s.Prompts[s.DefaultPrompt]; s.DefaultPrompt != "" && !ok {
		return false, configErrorf(promptsName, "default_prompt_name is %q, and there are %s", clip(s.DefaultPrompt), s.promptNames())
	}
	if s.Dimensions = valueOr(f.Dimensions, 0); s.Dimensions < 0 {
		return false, configErrorf(promptsName, "truncate_dim is %d, want 1 or more", s.Dimensions)
	}
	if f.Activation != nil {
		s.Activation, err = activationOfHead(*f.Activation)
	}
	return true, fileError(promptsName, err)
}

// shiftedPositions are the kinds of models whose positions begin behind the id of
// the padding token, in the model_type of config.json.
var shiftedPositions = map[string]bool{
	"roberta": true, "xlm-roberta": true, "xlm-roberta-xl": true, "camembert": true, "roberta-prelayernorm": true,
	"data2vec-text": true, "mpnet": true, "xmod": true, "longformer": true, "esm": true, "ibert": true, "luke": true,
}

// readConfig reads config.json of transformers: what it says of lengths, positions
// and classes.
func (s *Settings) readConfig(p place) (bool, error) {
	var f struct {
		ModelType     *string            `json:"model_type"`
		Architectures []string           `json:"architectures"`
		MaxPositions  *int               `json:"max_position_embeddings"`
		PadToken      *int               `json:"pad_token_id"`
		Vocabulary    *int               `json:"vocab_size"`
		Labels        map[string]*string `json:"id2label"`
		Old           *string            `json:"sbert_ce_default_activation_function"`
		New           *struct {
			Activation *string `json:"activation_fn"`
		} `json:"sentence_transformers"`
	}
	found, err := p.readJSON(configName, &f)
	if err != nil || !found {
		return false, err
	}
	for _, name := range f.Architectures {
		s.classifies = s.classifies || strings.HasSuffix(name, "ForSequenceClassification")
	}
	if f.PadToken != nil && *f.PadToken >= 0 {
		s.padToken = f.PadToken
	}
	s.vocabulary = max(valueOr(f.Vocabulary, 0), 0)
	if shiftedPositions[valueOr(f.ModelType, "")] {
		s.positionOffset = min(valueOr(s.padToken, 1), maxLength) + 1
	}
	if f.MaxPositions != nil {
		most := *f.MaxPositions - s.positionOffset
		if most < 1 {
			return false, configErrorf(configName, "max_position_embeddings is %d, which leaves no token", *f.MaxPositions)
		}
		if s.MaxTokens == 0 || most < s.MaxTokens {
			s.MaxTokens = most
		}
	}
	s.readLabels(f.Labels)
	activation := f.Old
	if f.New != nil && f.New.Activation != nil {
		activation = f.New.Activation
	}
	if activation != nil && s.Activation == "" {
		s.Activation, err = activationOfHead(*activation)
	}
	return true, fileError(configName, err)
}

// readLabels takes the names of classes. What is no number names no class.
func (s *Settings) readLabels(labels map[string]*string) {
	s.Labels = map[int]string{}
	for key, name := range labels {
		if n, ok := atoi(key); ok && name != nil {
			s.Labels[n] = *name
		}
	}
}

// activationOfHead returns the name of a function of PyTorch that a reranker's
// logits go through.
func activationOfHead(name string) (string, error) {
	switch lastPart(name) {
	case "Identity":
		return "identity", nil
	case "Sigmoid":
		return "sigmoid", nil
	case "Softmax":
		return "softmax", nil
	}
	return "", fmt.Errorf("activation_fn is %q, want Identity, Sigmoid or Softmax of torch.nn", clip(name))
}

// lastPart returns what follows the last dot: the name of a class.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
