using System.Text;
using Pipelines.Fuzz.Mutators;
using Pipelines.Host.Planning;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// manifest.json of a stored unit, as looking it up and explaining why it is missing read it. A damaged one sets the
/// unit aside.
/// </summary>
internal sealed class ManifestTarget() : Target("manifest", "json", new JsonMutator())
{
    private const string Content = "content";
    private readonly Unit unit = new(
        "kind",
        1,
        "unit",
        [
            new KeyPart.Integer("count", 3),
            new KeyPart.Text("name", "x"),
            new KeyPart.Digest("model.weights", "weights", "ab"),
        ],
        1,
        "units",
        _ => { }
    );

    public override long? Read(byte[] input)
    {
        string root = Scratch.Folder(Name);
        string key = Fingerprint.Of(unit);
        // The unit itself, and one that its reasons are taken from
        foreach (string folder in new[] { key, new string('0', 64) })
        {
            string artifact = Directory.CreateDirectory(Path.Combine(root, unit.Kind, folder)).FullName;
            File.WriteAllText(Path.Combine(artifact, "data"), Content);
            File.WriteAllBytes(Path.Combine(artifact, Manifest.FileName), input);
        }

        using var store = new ArtifactStore(root, new FileDigests(null));
        var reasons = new Reasons(store, root);
        reasons.Why(unit, "run");
        reasons.SecondsPerWork(unit.Kind, PlannedWork.ClassOf(unit.Kind, unit.Name), new Dictionary<string, string>());
        return store.Find(unit.Kind, key) is null ? null : 0;
    }

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        byte[] sound = new Manifest(
            unit.Kind,
            unit.Version,
            unit.Name,
            Fingerprint.Of(unit),
            [.. unit.Parts.Select(p => new ManifestPart(p.Name, p.Shown, Fingerprint.Of(p)))],
            [new ManifestFile("data", Content.Length, FileDigests.OfText(Content))],
            "cpu",
            new Dictionary<string, string> { [".net"] = "10" },
            DateTime.UnixEpoch,
            0.5,
            1
        ).ToJson();
        return
        [
            sound,
            Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(sound).Replace("\r", "", StringComparison.Ordinal)),
        ];
    }
}
