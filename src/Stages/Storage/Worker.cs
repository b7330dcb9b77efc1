using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A process that works in a store, as others can recognise it. A process number means something only on the same
/// machine, since the same start of it, and in the same pid namespace: in a container or on
/// another node of a shared disk it is nobody's or somebody else's.
/// </summary>
/// <param name="Host">Name of the machine; of a container, its own.</param>
/// <param name="Boot">Names the machine's last start (<c>/proc/sys/kernel/random/boot_id</c>); empty where the system
/// does not say.</param>
/// <param name="Namespace">Names the pid namespace; empty where the system does not say.</param>
/// <param name="Process">Number of the process in it.</param>
/// <param name="Started">When it started, in ticks since the boot: numbers are used again.</param>
public sealed record Worker(string Host, string Boot, string Namespace, int Process, long Started)
{
    private const int StateField = 3,
        StartField = 22; // proc(5), /proc/pid/stat, counted from 1

    private static readonly JsonSerializerOptions Options = new()
    {
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>This process.</summary>
    public static Worker Current { get; } =
        new(
            Environment.MachineName,
            TextOf("/proc/sys/kernel/random/boot_id"),
            ShowsOwnNumbers ? new FileInfo("/proc/self/ns/pid").LinkTarget ?? "" : "",
            Environment.ProcessId,
            StartIn(StatOf(Environment.ProcessId)) ?? 0
        );

    /// <summary>Whether it is at work; null where that cannot be seen from here.</summary>
    public bool? IsRunning =>
        Boot.Length > 0 && Namespace.Length > 0 && (Boot, Namespace) == (Current.Boot, Current.Namespace)
            ? IsAtWork(StatOf(Process), Started, () => Exists(Process))
            : null;

    /// <summary>Whether a process is the one that is meant, and at work.</summary>
    /// <param name="stat">What <c>/proc</c> says of its number; empty where there is no such process, or where it is
    /// another user's and <c>/proc</c> does not show those (hidepid).</param>
    /// <param name="started">When the one that is meant started.</param>
    /// <param name="exists">Whether there is a process of the number.</param>
    internal static bool? IsAtWork(string stat, long started, Func<bool> exists) =>
        stat.Length > 0 ? StartIn(stat) == started
        : exists() ? null
        : false;

    /// <summary>
    /// Not so where <c>/proc</c> is that of the pid namespace outside: then its numbers are not ours.
    /// </summary>
    private static bool ShowsOwnNumbers =>
        TextOf("/proc/self/stat").Split(' ')[0] == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string ToString() => Invariant.Text($"process {Process} on {Host}");

    /// <summary>UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>Reads what <see cref="ToJson"/> wrote; null where it is damaged or gone.</summary>
    public static Worker? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Worker>(RegularFile.ReadAllBytes(path), Options);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// When a process started, of which <c>/proc</c> says this; null where it is only what its parent has not yet
    /// collected.
    /// </summary>
    private static long? StartIn(string stat)
    {
        int name = stat.LastIndexOf(')'); // the second field is the program's name, which may hold anything
        string[] fields = name < 0 ? [] : stat[(name + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        const int Skipped = 3; // fields up to the name, and counting from 0
        return
            fields.Length > StartField - Skipped
            && fields[StateField - Skipped] is not ("Z" or "X")
            && long.TryParse(fields[StartField - Skipped], CultureInfo.InvariantCulture, out long start)
            ? start
            : null;
    }

    /// <summary>Whether there is a process of a number, be it another user's, to whom no signal can be sent.</summary>
    private static bool Exists(int process)
    {
        const int noSuchProcess = 3; // ESRCH
        return kill(process, 0) == 0 || Marshal.GetLastPInvokeError() != noSuchProcess;
    }

    private static string StatOf(int process) => TextOf($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");

    private static string TextOf(string path)
    {
        try
        {
            return RegularFile.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

#pragma warning disable IDE1006, CA5392 // a name of C
    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
#pragma warning restore IDE1006, CA5392
}
