using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Tests;

/// <summary>A stage whose units are given by a function of what is there.</summary>
internal sealed class FakeStage(string kind, Func<Artifacts, UnitList> units) : Stage
{
    public override string Kind => kind;

    public override string WorkUnit => "things";

    public override UnitList Units(Artifacts artifacts) => units(artifacts);
}

/// <summary>Units and stores for tests.</summary>
internal static class Fake
{
    public static Unit Unit(
        string name,
        Action<UnitRun>? compute = null,
        int version = 1,
        string kind = "fake",
        IReadOnlyList<string>? pictures = null,
        params KeyPart[] parts
    ) =>
        new(
            kind,
            version,
            name,
            [new KeyPart.Text("name", name), .. parts],
            1,
            "things",
            compute ?? (run => File.WriteAllText(run.File("data.txt"), name)),
            pictures
        );

    public static Catalog Catalog(TemporaryFolder folder) =>
        new(new ArtifactStore(folder.Path, new FileDigests(null)), "test");
}

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pipelines-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Specs know all kinds of stages before the first test.</summary>
internal static class KindsOfStages
{
    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static void MakeKnown() => StageAssembly.MakeKnown();
}
