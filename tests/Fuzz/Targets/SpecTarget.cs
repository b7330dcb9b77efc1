using Pipelines.Fuzz.Mutators;
using Pipelines.Spec;
using Pipelines.Spec.Reading;
using Pipelines.Spec.Writing;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// An experiment file: the spec itself, the base of one, or one of a list. What was read is written and read again.
/// </summary>
/// <param name="name">What <c>--target</c> calls it.</param>
/// <param name="file">The damaged file.</param>
/// <param name="read">The spec that is read: the same, or one that names it.</param>
/// <param name="seeds">Bundled specs that the damaged file begins as.</param>
internal sealed class SpecTarget(string name, string file, string read, params string[] seeds)
    : FileTarget(name, "yaml", file, new YamlMutator())
{
    /// <summary>Experiments that are written and read again: those of a matrix are alike.</summary>
    private const int Written = 3;

    public override int Fixed => 300;

    /// <summary>
    /// A matrix stands for up to a thousand experiments, whose values are garbage as soon as they are compared.
    /// </summary>
    public override long Allowance(byte[] input) => (8 * Free) + (400L * input.Length);

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [.. seeds.Select(s => File.ReadAllBytes(Path.Combine(Scratch.Repository, "experiments", s)))];

    protected override void Lay(string into)
    {
        string experiments = Path.Combine(Scratch.Repository, "experiments");
        File.CreateSymbolicLink(Path.Combine(into, "quickstart"), Path.Combine(experiments, "quickstart"));
        foreach (string spec in Directory.EnumerateFiles(experiments, "quickstart*.yaml"))
        {
            File.Copy(spec, Path.Combine(into, Path.GetFileName(spec)));
        }
    }

    protected override long? ReadFile(string path)
    {
        ReadResult result = ExperimentReader.Read(
            Path.Combine(Folder, read),
            environment: new Dictionary<string, string>()
        );
        foreach (Experiment experiment in result.Experiments.Take(Written))
        {
            ExperimentReader.Parse(SpecWriter.ToYaml(experiment), "written", Folder, paths: PathRule.MayBeMissing);
        }

        if (result.Errors.FirstOrDefault(e => e.Message.Any(char.IsControl)) is { } unfit)
        {
            throw new LawException("a message that steers a terminal", unfit.Message);
        }

        return result.Ok ? 0 : null;
    }
}
