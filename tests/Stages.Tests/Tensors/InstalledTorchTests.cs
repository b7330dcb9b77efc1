using System.Xml.Linq;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

/// <summary>
/// Folders laid out as pip lays them out, made of links to the package's own files: what a CUDA build has more
/// (libtorch_cuda, nvidia/*/lib) is stood for by files of other libraries.
/// </summary>
public sealed class InstalledTorchTests : IDisposable
{
    private const string Where = "model.libtorch";

    private readonly TemporaryFolder folder = new();

    [PipTorchFact]
    public void The_libraries_of_a_pip_folder_come_each_behind_what_it_needs()
    {
        string torch = Install("2.10.0+cpu");
        foreach (string path in (string[])[torch, torch + "/", Path.Combine(torch, "lib")])
        {
            var found = InstalledTorch.Read(path, Where);
            found.Version.Should().Be("2.10.0+cpu");
            found.HasCuda.Should().BeFalse();
            found
                .Libraries.Select(Path.GetFileName)
                .Should()
                .Equal("libc10.so", "libgomp-98b21ff3.so.1", "libtorch_cpu.so", "libtorch.so");
            found.Libraries.Should().OnlyContain(p => Path.GetDirectoryName(p) == Path.Combine(torch, "lib"));
        }
    }

    [PipTorchFact]
    public void Libraries_in_packages_of_their_own_are_found_and_cudnns_parts_with_it()
    {
        string torch = Install("2.10.0+cu128");
        PipTorch.Link(Path.Combine(torch, "lib", "libtorch_cuda.so"), "libshm.so"); // needs libtorch.so and libc10.so
        string cudnn = Directory.CreateDirectory(Path.Combine(torch, "..", "nvidia", "cudnn", "lib")).FullName;
        File.Move(Path.Combine(torch, "lib", "libgomp-98b21ff3.so.1"), Path.Combine(cudnn, "libgomp-98b21ff3.so.1"));
        var found = InstalledTorch.Read(torch, Where);
        found.HasCuda.Should().BeTrue();
        found.Libraries.Should().Contain(Path.Combine(cudnn, "libgomp-98b21ff3.so.1"));
        Directory.Delete(Path.Combine(torch, "..", "nvidia"), recursive: true);
        Refused(torch).Should().Match("*libgomp-98b21ff3.so.1, which *libtorch_cpu.so needs, is in none of *");
    }

    [PipTorchFact]
    public void An_archives_build_version_and_the_build_in_version_py_are_read()
    {
        string torch = Install("2.10.1", "cuda: Optional[str] = '12.8'");
        Refused(torch).Should().Match("*libtorch_cuda.so, which PyTorch 2.10.1+cu128 needs, is in none of *");
        File.WriteAllText(Path.Combine(torch, "build-version"), "2.10.0+cpu\n");
        InstalledTorch.Read(torch, Where).Version.Should().Be("2.10.0+cpu");
    }

    [PipTorchTheory]
    [InlineData("1.13.1", "", "*is PyTorch 1.13.1; this program's TorchSharp is made for 2.10.x*pip install*")]
    [InlineData("2.11.0+cu130", "", "*is PyTorch 2.11.0+cu130;*2.10.x*")]
    [InlineData("2.10.0+rocm6.4", "", "*AMD*")]
    [InlineData("2.10.0", "hip: Optional[str] = '6.4'", "*AMD*")]
    [InlineData("", "", "*says no __version__*")]
    public void Another_version_or_build_is_refused_before_anything_is_loaded(
        string version,
        string more,
        string message
    ) => Refused(Install(version, more)).Should().Match(message);

    [PipTorchFact]
    public void What_is_missing_or_another_kind_of_file_is_named()
    {
        Refused(folder.Path).Should().Match($"{Where}: there is no libtorch_cpu.so in *torch.__path__*");
        string torch = Install("2.10.0");
        File.Delete(Path.Combine(torch, "version.py"));
        Refused(torch).Should().Match("*version.py*build-version*");

        torch = Install("2.10.0");
        string core = Path.Combine(torch, "lib", "libc10.so");
        File.Delete(core);
        Refused(torch).Should().Match("*libc10.so cannot be read*");
        byte[] bytes = File.ReadAllBytes(Path.Combine(PipTorch.Package, "libc10.so"));
        byte[] old = [.. bytes];
        while (old.AsSpan().IndexOf("_ZN3c105ErrorC1ENSt7__cxx1112basic_string"u8) is >= 0 and int at)
        {
            old[at + 16] = (byte)'X'; // the table of symbols, and that of the debugger
        }

        File.WriteAllBytes(core, old);
        Refused(torch).Should().Match("*libc10.so is built with C++ strings from before C++11*");
        bytes[0x12] = 183; // AArch64
        File.WriteAllBytes(core, bytes);
        Refused(torch).Should().Match("*libc10.so is for another processor than x86-64*");
        File.WriteAllBytes(core, bytes.AsSpan(0, 5000));
        Refused(torch).Should().Match("*libc10.so cannot be read (it is cut off)*");
    }

    [Fact]
    public void The_wanted_version_is_that_of_the_package()
    {
        var packages = XDocument.Load(Path.Combine(Golden.RepositoryRoot(), "Directory.Packages.props"));
        packages
            .Descendants("PackageVersion")
            .Where(p => p.Attribute("Include")!.Value.StartsWith("libtorch-cpu", StringComparison.Ordinal))
            .Should()
            .OnlyContain(p => p.Attribute("Version")!.Value.StartsWith(InstalledTorch.Wanted));
    }

    [PipTorchFact]
    public void Files_that_were_loaded_from_elsewhere_are_named_with_their_folder()
    {
        string torch = Install("2.10.0");
        string[] wanted = [.. InstalledTorch.Read(torch, Where).Libraries];
        LoadedLibraries
            .Strayed(wanted, [Path.Combine(PipTorch.Package, "libc10.so")])
            .Should()
            .BeEmpty("links are resolved");
        LoadedLibraries
            .Strayed(wanted, ["/usr/local/cuda/lib64/libc10.so", "/lib/libm.so.6"])
            .Should()
            .Equal($"libc10.so from /usr/local/cuda/lib64 instead of {PipTorch.Package}");
        TorchNative.Touch();
        LoadedLibraries.Read().Should().Contain(path => path.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal));
    }

    public void Dispose() => folder.Dispose();

    private static string Refused(string path) =>
        FluentActions.Invoking(() => InstalledTorch.Read(path, Where)).Should().Throw<InputException>().Which.Message;

    private string Install(string version) => PipTorch.Install(folder.Path, version);

    private string Install(string version, string more) => PipTorch.Install(folder.Path, version, more);
}
