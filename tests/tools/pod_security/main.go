// What the Pod Security Standard `restricted` has against pods, by the code that the API server's admission runs.
//
// Reads a JSON list of pod templates ({"metadata": …, "spec": …}); writes a list with a list of objects for each:
// {"reason": "hostPath volumes", "detail": "volume \"logs\""}.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type forbidden struct {
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func main() {
	if err := evaluate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func evaluate() error {
	var templates []corev1.PodTemplateSpec
	if err := json.NewDecoder(os.Stdin).Decode(&templates); err != nil {
		return err
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	found := make([][]forbidden, len(templates))
	for i := range templates {
		found[i] = []forbidden{}
		for _, result := range evaluator.EvaluatePod(level, &templates[i].ObjectMeta, &templates[i].Spec) {
			if !result.Allowed {
				found[i] = append(found[i], forbidden{result.ForbiddenReason, result.ForbiddenDetail})
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}
