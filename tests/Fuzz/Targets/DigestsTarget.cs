using System.Text;
using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>digests.json, the memory of files that were read.</summary>
internal sealed class DigestsTarget() : FileTarget("digests", "json", "digests.json", new JsonMutator())
{
    private string Known => Path.Combine(Folder, "weights");

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        string memory = Path.Combine(Folder, "digests.json");
        File.Delete(memory);
        var digests = new FileDigests(memory);
        digests.Of(Known);
        digests.Save();
        return [File.ReadAllBytes(memory)];
    }

    protected override void Lay(string into) => File.WriteAllText(Path.Combine(into, "weights"), "some weights");

    protected override long? ReadFile(string path)
    {
        var digests = new FileDigests(path);
        string digest = digests.Of(Known);
        digests.Save();
        FileDigests.Combine([("weights", digest)]);
        return Encoding.UTF8.GetByteCount(digest);
    }
}
