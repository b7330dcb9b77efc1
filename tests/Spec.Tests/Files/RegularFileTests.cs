using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Files;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests.Files;

/// <summary>Nothing waits for a file that never ends or never begins.</summary>
public sealed partial class RegularFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("pipe", "a named pipe")]
    [InlineData("link to pipe", "a named pipe")]
    [InlineData("/dev/zero", "a character device")]
    [InlineData("link to zero", "a character device")]
    [InlineData("socket", "a socket")]
    public void What_is_no_regular_file_is_refused_by_what_it_is_and_not_opened(string name, string what)
    {
        string path = Path.Combine(folder.Path, name);
        using Socket? socket = Make(path);

        RegularFile.Other(path).Should().Be(what);
        foreach (
            Action open in (Action[])
                [
                    () => RegularFile.Open(path).Dispose(),
                    () => RegularFile.OpenHandle(path).Dispose(),
                    () => RegularFile.Append(path).Dispose(),
                    () => RegularFile.ReadAllBytes(path),
                    () => RegularFile.ReadAllText(path),
                    () => RegularFile.ReadAllLines(path),
                ]
        )
        {
            open.Should().Throw<IOException>().WithMessage($"it is {what}, not a regular file");
        }
    }

    [Fact]
    public void Regular_files_are_read_through_links_and_from_proc()
    {
        string file = folder.Write("file", "text\n"),
            link = Path.Combine(folder.Path, "link");
        File.CreateSymbolicLink(link, file);

        RegularFile.ReadAllText(link).Should().Be("text\n");
        RegularFile.ReadAllBytes(file).Should().HaveCount(5);
        RegularFile.ReadAllLines("/proc/self/status").Should().HaveCountGreaterThan(9);
        RegularFile.Other(folder.Path).Should().BeNull();
    }

    [Fact]
    public void What_is_not_there_is_said_as_by_the_runtime()
    {
        Action missing = () => RegularFile.ReadAllBytes(Path.Combine(folder.Path, "gone"));
        Action circle = () => RegularFile.ReadAllBytes(Circle());

        missing.Should().Throw<FileNotFoundException>();
        circle.Should().Throw<IOException>().WithMessage("links lead from it in a circle");
    }

    [Fact]
    public void A_spec_that_is_a_pipe_is_refused()
    {
        string path = Path.Combine(folder.Path, "pipe");
        Make(path);

        ExperimentReader
            .Read(path)
            .Errors.Should()
            .ContainSingle()
            .Which.Message.Should()
            .Be("the file cannot be read: it is a named pipe, not a regular file");
    }

    /// <summary>One call that opens by itself is enough for a run that hangs.</summary>
    [Fact]
    public void No_source_opens_a_file_that_may_be_there_by_itself()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Pipelines.sln")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        string[] sources =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories)
                .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && Path.GetFileName(f) != "RegularFile.cs"),
        ];
        sources.Should().HaveCountGreaterThan(300);
        sources
            .SelectMany(f => File.ReadAllLines(f).Where(l => Opening().IsMatch(l)).Select(l => $"{f}: {l.Trim()}"))
            .Should()
            .BeEmpty();
    }

    private string Circle()
    {
        string one = Path.Combine(folder.Path, "one"),
            other = Path.Combine(folder.Path, "other");
        File.CreateSymbolicLink(one, other);
        File.CreateSymbolicLink(other, one);
        return one;
    }

    private static Socket? Make(string path)
    {
        switch (Path.GetFileName(path))
        {
            case "pipe":
                mkfifo(path, 0x1A4).Should().Be(0);
                return null;
            case "link to pipe":
                mkfifo(path + " itself", 0x1A4).Should().Be(0);
                File.CreateSymbolicLink(path, path + " itself");
                return null;
            case "link to zero":
                File.CreateSymbolicLink(path, "/dev/zero");
                return null;
            case "socket":
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.Bind(new UnixDomainSocketEndPoint(path));
                return socket;
            default:
                return null;
        }
    }

    // Writers open files of their own; a stream over them to check what was written is opened to write, too
    [GeneratedRegex(
        @"(?<!\w)File\.(ReadAll|ReadLines|OpenRead|OpenText|OpenHandle|Open\()|FileMode\.Append"
            + @"|FileMode\.Open,(?! FileAccess\.ReadWrite)|\.OpenRead\(|\.OpenText\("
    )]
    private static partial Regex Opening();

#pragma warning disable IDE1006, CA5392, SYSLIB1054, CA2101 // a name of C
    [DllImport("libc")]
    private static extern int mkfifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);
#pragma warning restore IDE1006, CA5392, SYSLIB1054, CA2101
}
