package control

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"reflect"
	"time"
)

// failure is the body of every answer that is no success.
type failure struct {
	Error string `json:"error"`
	Next  string `json:"next"`
}

// fail answers with an error and what to do about it.
func (s *Server) fail(w http.ResponseWriter, status int, err error) {
	if status >= http.StatusInternalServerError {
		s.log.Warn("control request failed", "error", err)
	}
	message, next := Advice(err)
	s.write(w, status, failure{Error: message, Next: next})
}

// write sends v as one JSON document. Long lists go out element by element: a hundred thousand bans are never held as text.
func (s *Server) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		s.log.Debug("control connection", "error", err)
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	out := bufio.NewWriter(w)
	if err := writeDocument(out, v); err != nil {
		// Mostly the peer has gone. The status is sent, so all that is left is to break off: nobody shall take half a document for a
		// whole one.
		s.log.Debug("control answer broken off", "error", err)
		panic(http.ErrAbortHandler)
	}
	out.Flush()
}

func writeDocument(out io.Writer, v any) error {
	enc := newEncoder(out)
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice {
		return enc.Encode(normal(v))
	}
	between := "["
	for i := range list.Len() {
		io.WriteString(out, between) // an error shows at the next Encode: bufio keeps it
		between = ","
		if err := enc.Encode(normal(list.Index(i).Interface())); err != nil {
			return err
		}
	}
	if list.Len() == 0 {
		io.WriteString(out, between)
	}
	_, err := io.WriteString(out, "]\n")
	return err
}

// newEncoder leaves <, > and & as they are: log lines stay readable.
func newEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// normal returns a copy of v in which lists are [] rather than null, times are in UTC, and numbers are numbers (JSON has no NaN), so that
// keys and shapes do not depend on what there happens to be.
func normal[T any](v T) any {
	in := reflect.ValueOf(v)
	out := reflect.New(in.Type()).Elem()
	out.Set(in)
	normalise(out)
	return out.Interface()
}

var timeType = reflect.TypeFor[time.Time]()

func normalise(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(v.Interface().(time.Time).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				normalise(v.Field(i))
			}
		}
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			v.SetFloat(0)
		}
	case reflect.Pointer:
		normalisePointer(v)
	case reflect.Slice:
		normaliseSlice(v)
	}
}

// normalisePointer works on a copy: what the agent gave us may be shared.
func normalisePointer(v reflect.Value) {
	if v.IsNil() {
		return
	}
	copied := reflect.New(v.Type().Elem())
	copied.Elem().Set(v.Elem())
	normalise(copied.Elem())
	v.Set(copied)
}

func normaliseSlice(v reflect.Value) {
	copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(copied, v)
	if v.Type().Elem().Kind() == reflect.Struct {
		for i := range copied.Len() {
			normalise(copied.Index(i))
		}
	}
	v.Set(copied)
}
