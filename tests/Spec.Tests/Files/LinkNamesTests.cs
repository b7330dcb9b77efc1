using FluentAssertions;
using Pipelines.Files;
using Xunit;

namespace Pipelines.Spec.Tests.Files;

public sealed class LinkNamesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Links_are_found_wherever_they_lead_and_nothing_else_is()
    {
        string At(string name) => Path.Combine(folder.Path, name);
        File.WriteAllText(At("file"), "");
        Directory.CreateDirectory(At("below"));
        File.CreateSymbolicLink(Path.Combine(At("below"), "deeper"), At("file"));
        File.CreateSymbolicLink(At("to a file"), "file");
        File.CreateSymbolicLink(At("to a folder"), "below");
        File.CreateSymbolicLink(At("to nothing, ß"), "nothing");
        LinkNames.In(folder.Path).Should().BeEquivalentTo("to a file", "to a folder", "to nothing, ß");
        LinkNames.In(At("to a folder")).Should().BeEquivalentTo("deeper");
        LinkNames.In(At("file")).Should().BeEmpty();
        LinkNames.In(At("nothing")).Should().BeEmpty();
    }
}
