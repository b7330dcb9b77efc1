using System.Runtime.InteropServices;
using Pipelines.Models.Tensors;

namespace Pipelines.Host.Running;

/// <summary>
/// How the program that runs now is started once more, on a machine that sees the same files: as it was built, since
/// hundreds of jobs that build it at the same time would be in each other's way.
/// </summary>
/// <param name="Words">Program and first arguments, absolute.</param>
/// <param name="Environment">Variables that it needs.</param>
internal sealed record ProgramStart(IReadOnlyList<string> Words, IReadOnlyList<(string Name, string Value)> Environment)
{
    private const string RootVariable = "DOTNET_ROOT";

    /// <summary>
    /// Variables of this process that count where the other machine sets none of its own: a job may begin with an empty
    /// environment.
    /// </summary>
    public IReadOnlyList<(string Name, string Value)> Inherited { get; init; } = [];

    /// <summary>This process once more.</summary>
    public static ProgramStart Here() =>
        Of(
            AppContext.BaseDirectory,
            System.Environment.ProcessPath ?? "",
            RuntimeEnvironment.GetRuntimeDirectory()
        ) with
        {
            Inherited = System.Environment.GetEnvironmentVariable(TorchNative.Variable) is { Length: > 0 } libtorch
                ? [(TorchNative.Variable, Path.GetFullPath(libtorch))]
                : [],
        };

    /// <summary>A process once more.</summary>
    /// <param name="folder">Where the program lies.</param>
    /// <param name="process">The file that was started: the program, or dotnet.</param>
    /// <param name="runtime">Where the runtime lies: beside the program, or in an installation of dotnet.</param>
    internal static ProgramStart Of(string folder, string process, string runtime)
    {
        string name = typeof(ProgramStart).Assembly.GetName().Name!,
            program = Path.Combine(folder, name + ".dll"),
            starter = Path.Combine(folder, name + (OperatingSystem.IsWindows() ? ".exe" : ""));
        if (!File.Exists(program))
        {
            return new([process], []); // published as one file
        }

        // .../dotnet/shared/Microsoft.NETCore.App/10.0.0/
        string? root = Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
        string dotnet = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(dotnet) ? new([dotnet, program], [(RootVariable, root)])
            : File.Exists(starter) ? new([starter], [])
            : new([process, program], []);
    }
}
