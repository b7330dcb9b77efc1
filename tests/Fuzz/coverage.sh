#!/usr/bin/env bash
# Coverage-guided fuzzing of one reader: SharpFuzz's instrumentation, Debian's afl++.
#   tests/Fuzz/coverage.sh TARGET [MINUTES]
# Needs afl-fuzz (apt-get install afl++) and the SharpFuzz tool, which it installs beside the build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

target=${1:?"name a reader: dotnet run --project tests/Fuzz -- list"}
minutes=${2:-10}
command -v afl-fuzz >/dev/null || { echo "afl-fuzz is missing: apt-get install afl++"; exit 2; }

dotnet build Fuzz.csproj -v q
work=bin/coverage # below the repository, where the harness finds the bundled seeds
rm -rf "$work/build"
mkdir -p "$work/tools"
cp -r bin/Debug/net10.0/*/ "$work/build"
[[ -x $work/tools/sharpfuzz ]] || dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path "$work/tools"
for assembly in Pipelines.Domain Pipelines.Spec Pipelines.Models Pipelines.Stages YamlDotNet Parquet Microsoft.ML.Tokenizers; do "$work/tools/sharpfuzz" "$work/build/$assembly.dll"; done

# The seeds are inputs 0, 1, ... of any campaign.
rm -rf "$work/seeds"
mkdir -p "$work/seeds"
dotnet bin/Debug/net10.0/*/Pipelines.Fuzz.dll seeds "$target" "$work/seeds"

export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
code=0
timeout --foreground "$((${minutes%.*} + 2))m" afl-fuzz -i "$work/seeds" -o "$work/$target" -t 30000 -m none -V "$((${minutes%.*} * 60))" -- dotnet "$work/build/Pipelines.Fuzz.dll" coverage "$target" || code=$?
found=$(find "$work/$target/default/crashes" "$work/$target/default/hangs" -name 'id:*' 2>/dev/null || true)
[[ -z $found ]] && { echo "nothing found"; exit "$code"; }
while IFS= read -r file; do dotnet bin/Debug/net10.0/*/Pipelines.Fuzz.dll replay "$target" "$file" || true; done <<<"$found"
exit 1
