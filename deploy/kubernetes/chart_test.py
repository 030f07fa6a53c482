"""Cases of the chart: values, and what they must come to. python chart_test.py HELM CHART KUBERNETES"""

import subprocess
import sys

import yaml

HELM, CHART, KUBERNETES = sys.argv[1:]


def template(*values):
    """What helm makes of these values: its status, its documents by kind and name, and its complaint."""
    command = [HELM, "template", "birdfeed", CHART, "--kube-version", KUBERNETES]
    for value in values:
        command += ["--set", value]
    ended = subprocess.run(command, capture_output=True, text=True)
    documents = [document for document in yaml.safe_load_all(ended.stdout) if document]
    return ended.returncode, {(d["kind"], d["metadata"]["name"]): d for d in documents}, ended.stderr


def rendered(*values):
    status, documents, complaint = template(*values)
    assert status == 0, complaint
    return documents


def refused(words, *values):
    status, _, complaint = template(*values)
    assert status != 0 and words in complaint, f"{values}: {complaint or 'was taken'}"


def pod(documents):
    return documents["StatefulSet", "birdfeed"]["spec"]["template"]


def test_defaults():
    documents = rendered()
    kinds = sorted(kind for kind, _ in documents)
    assert kinds == ["ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "Service", "StatefulSet"], kinds
    spec = documents["StatefulSet", "birdfeed"]["spec"]
    assert spec["replicas"] == 1
    assert spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "16Gi"
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > 20, "longer than shutdown.drain"


def test_restricted_pod_security():
    """The profile restricted: https://kubernetes.io/docs/concepts/security/pod-security-standards"""
    spec = pod(rendered())["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert spec["automountServiceAccountToken"] is False
    for container in spec["containers"] + spec["initContainers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]


def test_probes_tell_liveness_from_readiness():
    (container,) = pod(rendered())["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_configuration_is_checked_before_it_runs():
    (check,) = pod(rendered())["spec"]["initContainers"]
    assert check["args"][0] == "check"
    (run,) = pod(rendered())["spec"]["containers"]
    assert run["image"] == check["image"] and run["volumeMounts"] == check["volumeMounts"]


def test_a_changed_configuration_makes_a_new_pod_and_changed_rules_do_not():
    sum_of = lambda *values: pod(rendered(*values))["metadata"]["annotations"]["checksum/config"]
    assert sum_of() != sum_of("config=[stream]")
    assert sum_of("rules=a") == sum_of("rules=b")
    rules = rendered("rules=a")
    assert rules["ConfigMap", "birdfeed-rules"]["data"]["rules.toml"].strip() == "a"
    mounts = {mount["mountPath"] for mount in pod(rules)["spec"]["containers"][0]["volumeMounts"]}
    assert "/etc/birdfeed-rules" in mounts


def test_no_secret_is_a_file_that_is_never_replaced():
    documents = rendered("secrets[0].secret=kafka,secrets[0].mountPath=/run/secrets/kafka")
    mounts = pod(documents)["spec"]["containers"][0]["volumeMounts"]
    assert not any("subPath" in mount for mount in mounts)
    assert {"name": "secret-0", "mountPath": "/run/secrets/kafka", "readOnly": True} in mounts
    assert "x-token" not in str(documents["ConfigMap", "birdfeed"]["data"].keys())


def test_partitions_have_a_pod_each():
    config = 'config=[stream]\npartition = "ordinal"\n'
    assert rendered(config, "partitions=8")["StatefulSet", "birdfeed"]["spec"]["replicas"] == 8
    refused('partition = "ordinal"', "partitions=8")


def test_network():
    policy = rendered("networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus")
    spec = policy["NetworkPolicy", "birdfeed"]["spec"]
    assert spec["ingress"][0]["from"] == [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]
    ports = [port["port"] for rule in spec["egress"] for port in rule["ports"]]
    assert ports == [53, 53, 443, 9092, 9093, 5671, 5672], ports
    assert ("NetworkPolicy", "birdfeed") not in rendered("networkPolicy.enabled=false")


def test_prometheus_operator():
    documents = rendered(
        "serviceMonitor.enabled=true", "prometheusRule.enabled=true", "prometheusRule.labels.release=prometheus"
    )
    monitor = documents["ServiceMonitor", "birdfeed"]["spec"]
    service = documents["Service", "birdfeed"]
    labels = monitor["selector"]["matchLabels"].items()
    assert labels <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    for name in ("alerts", "recording"):
        rule = documents["PrometheusRule", f"birdfeed-{name}"]
        with open(f"deploy/prometheus/{name}.yml", encoding="utf-8") as file:
            assert rule["spec"] == yaml.safe_load(file)
        assert rule["metadata"]["labels"]["release"] == "prometheus"


def test_a_digest_goes_before_a_tag():
    digest = "sha256:" + "0" * 64
    image = lambda *values: pod(rendered(*values))["spec"]["containers"][0]["image"]
    assert image("image.tag=v9", f"image.digest={digest}") == f"birdfeed@{digest}"
    assert image("image.repository=r/b", "image.tag=v9") == "r/b:v9"


def test_wrong_values_are_refused_by_name():
    for value in ("replicas=2", "partitions=0", "partitions=21", "image.digest=latest", "persistence.size=big"):
        refused(value.split("=")[0].split(".")[-1], value)


if __name__ == "__main__":
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    for case in cases:
        case()
    print(f"{len(cases)} cases of the chart hold")
