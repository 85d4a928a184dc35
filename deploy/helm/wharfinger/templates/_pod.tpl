{{/* What the server and the job that brings the tables up to date have in common. */}}

{{- define "wharfinger.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "wharfinger.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "wharfinger.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- define "wharfinger.variables" -}}
- {name: WHARFINGER_HOST, value: "0.0.0.0"}
- {name: WHARFINGER_PORT, value: "5050"}
# a directory in the volume: that of the volume itself is open to the group
- {name: WHARFINGER_DATA, value: /var/lib/wharfinger/data}
- {name: WHARFINGER_ADDRESS, value: {{ .Values.address | quote }}}
- {name: WHARFINGER_WORKERS, value: {{ .Values.workers | quote }}}
- {name: WHARFINGER_DRAIN_DELAY, value: {{ .Values.drainDelay | quote }}}
- {name: WHARFINGER_LOG_FORMAT, value: {{ .Values.settings.log_format | default "json" | quote }}}
{{- if .Values.masterKey.existingSecret }}
- {name: WHARFINGER_MASTER_KEY, value: /run/secrets/wharfinger/master.key}
{{- end }}
{{- if .Values.outside.enabled }}
- {name: WHARFINGER_STORE, value: {{ .Values.outside.store | quote }}}
- {name: WHARFINGER_REDIRECT, value: {{ .Values.outside.redirect | quote }}}
{{- end }}
{{- if .Values.trustedProxies }}
- {name: WHARFINGER_TRUSTED_PROXIES, value: {{ .Values.trustedProxies | quote }}}
{{- end }}
{{- if .Values.metrics.from }}
- {name: WHARFINGER_METRICS_FROM, value: {{ .Values.metrics.from | quote }}}
{{- end }}
{{- if .Values.tls.existingSecret }}
- {name: WHARFINGER_TLS_CERT, value: /run/secrets/tls/tls.crt}
- {name: WHARFINGER_TLS_KEY, value: /run/secrets/tls/tls.key}
{{- end }}
{{- range $name, $value := omit .Values.settings "log_format" }}
{{- /* a large number would be written with an exponent */}}
- {name: {{ printf "WHARFINGER_%s" (upper $name) }}, value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "wharfinger.mounts" -}}
- {name: data, mountPath: /var/lib/wharfinger}
- {name: tmp, mountPath: /tmp}
{{- if .Values.masterKey.existingSecret }}
- {name: master-key, mountPath: /run/secrets/wharfinger, readOnly: true}
{{- end }}
{{- if .Values.tls.existingSecret }}
- {name: tls, mountPath: /run/secrets/tls, readOnly: true}
{{- end }}
{{- end -}}

{{- define "wharfinger.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if .Values.outside.enabled }}
- name: data
  emptyDir: {sizeLimit: {{ .Values.outside.scratchSize }}}
{{- end }}
{{- if .Values.masterKey.existingSecret }}
- name: master-key
  secret:
    secretName: {{ .Values.masterKey.existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .Values.masterKey.key }}, path: master.key}]
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ .Values.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- end -}}
