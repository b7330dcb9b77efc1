using Pipelines.Fuzz.Mutators;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;

namespace Pipelines.Fuzz.Targets;

/// <summary>The profile of a cluster, and the script that is made of it.</summary>
internal sealed class ProfileTarget() : FileTarget("profile", "yaml", "profile.yaml", new YamlMutator())
{
    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            File.ReadAllBytes(Path.Combine(Scratch.Repository, "experiments", "slurm-profile.yaml")),
            "{ qos: q, gres: gpu:1, constraint: 'a|b', setup: [a, b], sbatch: [--x=1], array_limit: 2 }"u8.ToArray(),
        ];

    protected override long? ReadFile(string path)
    {
        SettingsRead<SlurmProfile> read = SettingsReader.Read<SlurmProfile>(path);
        if (read.Errors.FirstOrDefault(e => e.Message.Any(char.IsControl)) is { } unfit)
        {
            throw new LawException("a message that steers a terminal", unfit.Message);
        }

        if (read.Value is not { } profile)
        {
            return null;
        }

        new SlurmScript(profile, "name", "/logs", new ProgramStart(["/program"], [])).OfArray(2, ["run"]);
        return 0;
    }
}
