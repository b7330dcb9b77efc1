using FluentAssertions;
using Pipelines.Files;
using Xunit;

namespace Pipelines.Host.Tests.Storage;

public sealed class FileLockTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Path => System.IO.Path.Combine(folder.Path, "lock");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task One_at_a_time_has_it()
    {
        FileLock first = FileLock.Take(Path);
        var second = Task.Run(() => FileLock.Take(Path));
        (await Task.WhenAny(second, Task.Delay(200))).Should().NotBe(second);

        first.Dispose();

        using FileLock taken = await second;
        taken.HasWaited.Should().BeTrue();
    }

    [Fact]
    public void A_holder_that_is_paused_holds_nobody_up_for_ever()
    {
        using FileLock paused = FileLock.Take(Path);

        using FileLock goesOn = FileLock.Take(Path, TimeSpan.FromSeconds(0.2));

        goesOn.HasWaited.Should().BeTrue();
    }
}
