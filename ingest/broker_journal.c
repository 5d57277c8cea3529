/* The broker journal: a plugin of mosquitto 2.0 that makes its acknowledgements survive kill -9.
 *
 * mosquitto acknowledges a message (PUBACK) while it is in memory only, and writes what is queued
 * when it makes a snapshot (mosquitto.db). This plugin is called before the acknowledgement and
 * appends the message to a file first; when the file does not take it, the message is refused and
 * its sender is disconnected, so that it sends again later. After a kill the messages that came
 * since the snapshot are published anew, in order, before anybody can connect.
 *
 * Files: journal-N in the folder of mosquitto.db. A segment begins with the identity of the
 * snapshot that it follows. mosquitto makes snapshots in the same thread that calls us, so what was
 * handled before one is in it: a new segment is begun, and the ones before the previous snapshot are
 * deleted. Those between are kept, because a power cut may bring the previous mosquitto.db back.
 *
 * Snapshots are asked for (SIGUSR1, mosquitto's own way) one second after a message has come, and
 * less often while mosquitto.db is large, so that a long queue is not written anew every second. One
 * is made at once when a client subscribes or leaves: it holds that client's session and last will.
 *
 * mosquitto's snapshots leave shared subscriptions out: after a start, what comes for a group has
 * nowhere to go until one of its members is back. So their subscriptions are listed in the file
 * shared-subscriptions, nothing is deleted before they are back, and then the messages of this time
 * are published anew. Plain subscribers to the same topics get them twice.
 *
 * Options (plugin_opt_...): folder, that of mosquitto.db; sync_ms, how often the journal is brought
 * to the disk itself, which only a power cut needs (0: before each acknowledgement); access, "file"
 * where an acl_file (or another plugin) says who may read and write what, "all" where everybody may:
 * mosquitto asks every plugin that wants to hear of subscriptions for its opinion on access too.
 *
 * Not kept: the properties of MQTT 5, and messages at QoS 0, which nobody acknowledges.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

/* From mosquitto.h, which belongs to another package than the headers of plugins. */
enum { SUCCESS = 0, OUT_OF_MEMORY = 1, INVALID = 3, FAILED_WITH_ERRNO = 14, DEFER = 17 };
enum { LOG_WARNING = 4, LOG_ERROR = 8 };

/* Between two snapshots pass a second, and a second per this many bytes of the last one [bytes]. */
#define SNAPSHOT_BYTES_PER_S 16000000
#define LEAST_PAUSE_MS 1000
#define LONGEST_PAUSE_MS 60000
/* The same when a client has subscribed or left. */
#define LEAST_PAUSE_LEFT_MS 100
/* The same complaint is not made more often. */
#define COMPLAINT_MS 10000

static const char MAGIC[8] = "pmjrnl1";

/* Which mosquitto.db it is; all zero where there is none. */
struct identity {
	uint64_t inode, modified_ns, size;
};

struct segment_header {
	char magic[8];
	struct identity follows;
};

/* Before topic and payload; the checksum covers all that follows it. */
struct record_header {
	uint32_t checksum;
	uint32_t payload_length;
	uint16_t topic_length;
	uint8_t qos, retain;
};

/* A shared subscription of a session; awaited from the start until somebody subscribes to it. */
struct member {
	struct member *next;
	bool awaited;
	char *filter, *client;
};

static mosquitto_plugin_id_t *plugin;
static char folder[PATH_MAX - 64];
static char snapshot_path[PATH_MAX];
static char members_path[PATH_MAX];
static long sync_ms = 1000;
static bool everybody_may;

static struct identity snapshot;   /* the present mosquitto.db */
static int64_t snapshot_ms;        /* when it was made, on our clock */
static int64_t asked_ms;           /* when we last asked for one */
static int unanswered;             /* turns of mosquitto since then, 0: none is awaited */
static bool written;               /* a message has come since the snapshot, first at written_ms */
static bool left;                  /* a client has subscribed or left since */
static int64_t written_ms;

static int segment = -1;           /* file that is written now, -1: none can be opened */
static struct identity follows;    /* the snapshot that it follows */
static uint64_t segment_number;
static uint64_t previous_snapshot; /* first segment that follows the snapshot before */
static off_t segment_length;
static bool unsynced;
static int64_t synced_ms, complained_ms;

static struct member *members;
static uint64_t held_from;         /* first segment whose messages somebody awaits, 0: nobody does */

static uint32_t crc_table[256];


static void prepare_crc(void)
{
	for(uint32_t byte=0; byte<256; byte++){
		uint32_t value = byte;
		for(int bit=0; bit<8; bit++){
			value = (value & 1) ? (value >> 1) ^ 0xEDB88320u : value >> 1;
		}
		crc_table[byte] = value;
	}
}


/* CRC-32 of IEEE 802.3, continued from `crc`; begin with 0. */
static uint32_t crc32_of(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	crc = ~crc;
	for(size_t i=0; i<length; i++){
		crc = (crc >> 8) ^ crc_table[(crc ^ bytes[i]) & 0xFF];
	}
	return ~crc;
}


static uint32_t checksum(const struct record_header *header, const void *topic, const void *payload)
{
	uint32_t crc = crc32_of(0, (const char *)header + sizeof(header->checksum),
			sizeof(*header) - sizeof(header->checksum));

	crc = crc32_of(crc, topic, header->topic_length);
	return crc32_of(crc, payload, header->payload_length);
}


static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec*1000 + now.tv_nsec/1000000;
}


/* Say what is wrong, but not for every message. */
static void complain(const char *what, int error)
{
	int64_t now = now_ms();

	if(complained_ms && now - complained_ms < COMPLAINT_MS) return;
	complained_ms = now;
	mosquitto_log_printf(LOG_ERROR, "broker journal in %s: %s%s%s", folder, what,
			error ? ": " : "", error ? strerror(error) : "");
}


static struct identity present_snapshot(void)
{
	struct identity found = {0, 0, 0};
	struct stat status;

	if(stat(snapshot_path, &status) == 0){
		found.inode = status.st_ino;
		found.modified_ns = (uint64_t)status.st_mtim.tv_sec*1000000000u + (uint64_t)status.st_mtim.tv_nsec;
		found.size = (uint64_t)status.st_size;
	}
	return found;
}


static bool same(const struct identity *a, const struct identity *b)
{
	return a->inode == b->inode && a->modified_ns == b->modified_ns && a->size == b->size;
}


static void segment_path(char *path, size_t size, uint64_t number)
{
	snprintf(path, size, "%s/journal-%020" PRIu64, folder, number);
}


static int segments_only(const struct dirent *entry)
{
	uint64_t number;
	int length = 0;

	return sscanf(entry->d_name, "journal-%20" SCNu64 "%n", &number, &length) == 1
			&& entry->d_name[length] == '\0';
}


/* Return how many segments there are, their numbers in order in `*numbers`; -1 on an error. */
static int find_segments(uint64_t **numbers)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, segments_only, alphasort);

	*numbers = NULL;
	if(count < 0) return -1;
	*numbers = calloc((size_t)count + 1, sizeof(uint64_t));
	for(int i=0; i<count; i++){
		if(*numbers) sscanf(entries[i]->d_name, "journal-%20" SCNu64, &(*numbers)[i]);
		free(entries[i]);
	}
	free(entries);
	return *numbers ? count : -1;
}


static void delete_segments_before(uint64_t end)
{
	uint64_t *numbers;
	char path[PATH_MAX];
	int count = find_segments(&numbers);

	for(int i=0; i<count && numbers[i]<end; i++){
		segment_path(path, sizeof(path), numbers[i]);
		unlink(path);
	}
	free(numbers);
}


/* Begin the next segment, which follows the snapshot `after`; false when the disk refuses. */
static bool begin_segment(const struct identity *after)
{
	struct segment_header header;
	char path[PATH_MAX];
	int file, directory;

	segment_path(path, sizeof(path), segment_number + 1);
	file = open(path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
	if(file < 0) return false;
	memset(&header, 0, sizeof(header));
	memcpy(header.magic, MAGIC, sizeof(MAGIC));
	header.follows = *after;
	errno = ENOSPC;
	if(write(file, &header, sizeof(header)) != (ssize_t)sizeof(header)){
		int error = errno;
		close(file);
		unlink(path);
		errno = error;
		return false;
	}
	/* Its name has to outlive a power cut too. */
	directory = open(folder, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
	if(directory >= 0){
		fsync(directory);
		close(directory);
	}
	if(segment >= 0){
		if(unsynced) fdatasync(segment);
		close(segment);
	}
	segment = file;
	follows = *after;
	segment_number++;
	segment_length = sizeof(header);
	unsynced = true;
	return true;
}


/* Take the file back to its last whole record. */
static void undo_write(void)
{
	if(ftruncate(segment, segment_length) || lseek(segment, segment_length, SEEK_SET) < 0){
		/* What follows a torn record would not be found again: go on in another file. */
		close(segment);
		segment = -1;
		unsynced = false;
	}
}


static int append(const struct mosquitto_evt_message *message)
{
	struct record_header header;
	struct iovec parts[3];
	ssize_t length, done;

	if(segment < 0 && !begin_segment(&follows)){
		complain("no message can be kept, so all are refused", errno);
		return FAILED_WITH_ERRNO;
	}
	memset(&header, 0, sizeof(header));
	header.payload_length = message->payloadlen;
	header.topic_length = (uint16_t)strlen(message->topic);
	header.qos = message->qos;
	header.retain = message->retain;
	header.checksum = checksum(&header, message->topic, message->payload);
	parts[0] = (struct iovec){&header, sizeof(header)};
	parts[1] = (struct iovec){message->topic, header.topic_length};
	parts[2] = (struct iovec){message->payload, header.payload_length};
	length = (ssize_t)sizeof(header) + header.topic_length + header.payload_length;

	errno = ENOSPC; /* what a short write means */
	done = writev(segment, parts, 3);
	if(done != length || (sync_ms == 0 && fdatasync(segment))){
		int error = errno;
		undo_write();
		complain("a message cannot be kept, so it is refused", error);
		errno = error;
		return FAILED_WITH_ERRNO;
	}
	segment_length += length;
	if(!written){
		written = true;
		written_ms = now_ms();
	}
	unsynced = sync_ms != 0;
	return SUCCESS;
}


/* Whether a topic matches a filter (MQTT 3.1.1, section 4.7). */
static bool matches(const char *filter, const char *topic)
{
	if(*topic == '$' && (*filter == '+' || *filter == '#')) return false;
	for(;;){
		if(*filter == '#') return true;
		if(*filter == '+'){
			filter++;
			while(*topic && *topic != '/') topic++;
		}else if(*filter == *topic){
			if(!*filter) return true;
			filter++;
			topic++;
		}else{
			return !*topic && !strcmp(filter, "/#");
		}
	}
}


/* Publish the records of a segment, only what matches `filter` if there is one; return how many, -1
 * when memory does not suffice. */
static long publish_segment(const char *path, const char *data, size_t size, const char *filter)
{
	size_t at = sizeof(struct segment_header);
	long count = 0;

	while(at < size){
		struct record_header header;
		const char *content = data + at + sizeof(header);
		char topic[UINT16_MAX + 1];
		void *payload = NULL;

		if(size - at >= sizeof(header)) memcpy(&header, data + at, sizeof(header));
		if(size - at < sizeof(header)
				|| size - at - sizeof(header) < (size_t)header.topic_length + header.payload_length
				|| checksum(&header, content, content + header.topic_length) != header.checksum){

			/* Its sender was not told that we have it. */
			mosquitto_log_printf(LOG_WARNING,
					"broker journal: %s ends with a message that was not written to its end.", path);
			break;
		}
		memcpy(topic, content, header.topic_length);
		topic[header.topic_length] = '\0';
		at += sizeof(header) + header.topic_length + header.payload_length;
		if(filter && !matches(filter, topic)) continue;
		if(header.payload_length){
			payload = mosquitto_malloc(header.payload_length);
			if(!payload) return -1;
			memcpy(payload, content + header.topic_length, header.payload_length);
		}
		if(mosquitto_broker_publish(NULL, topic, (int)header.payload_length, payload, header.qos,
				/* What is retained by now may be a last will, which is not in the journal. */
				header.retain && !filter, NULL) != SUCCESS){

			mosquitto_free(payload);
			return -1;
		}
		count++;
	}
	return count;
}


/* Map a segment into memory and return it, NULL when it is none. */
static const char *map_segment(const char *path, size_t *size)
{
	struct stat status;
	const char *data = MAP_FAILED;
	int file = open(path, O_RDONLY|O_CLOEXEC);

	if(file < 0) return NULL;
	if(fstat(file, &status) == 0 && status.st_size >= (off_t)sizeof(struct segment_header)){
		*size = (size_t)status.st_size;
		data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
	}
	close(file);
	if(data == MAP_FAILED) return NULL;
	if(memcmp(data, MAGIC, sizeof(MAGIC))){
		munmap((void *)data, *size);
		return NULL;
	}
	return data;
}


/* Publish the segments from `first` on; return how many messages, -1 when memory does not suffice. */
static long publish_segments(const uint64_t *numbers, int count, uint64_t first, const char *filter)
{
	char path[PATH_MAX];
	size_t size;
	long published = 0;

	for(int i=0; i<count; i++){
		if(numbers[i] < first) continue;
		segment_path(path, sizeof(path), numbers[i]);
		const char *data = map_segment(path, &size);
		if(!data) continue; /* killed before its first byte was there */
		long found = publish_segment(path, data, size, filter);
		munmap((void *)data, size);
		if(found < 0){
			mosquitto_log_printf(LOG_ERROR, "broker journal: not enough memory for %s.", path);
			return -1;
		}
		published += found;
	}
	return published;
}


/* Publish what came after the snapshot that mosquitto has just read. */
static int publish_anew(void)
{
	uint64_t *numbers;
	char path[PATH_MAX];
	size_t size;
	long published;
	int count = find_segments(&numbers), first = 0;

	if(count < 0){
		mosquitto_log_printf(LOG_ERROR, "broker journal: %s cannot be read: %s", folder, strerror(errno));
		return INVALID;
	}
	/* Without one that follows this snapshot, all are: what the snapshot holds comes twice then. */
	follows = snapshot;
	for(int i=count-1; i>=0; i--){
		segment_path(path, sizeof(path), numbers[i]);
		const char *data = map_segment(path, &size);
		if(!data) continue;
		follows = ((const struct segment_header *)data)->follows;
		munmap((void *)data, size);
		if(same(&follows, &snapshot)) first = i;
	}
	if(first) follows = snapshot;
	published = publish_segments(numbers, count, count ? numbers[first] : 0, NULL);
	if(published > 0){
		mosquitto_log_printf(LOG_WARNING, "broker journal: the broker was killed; %ld messages that came"
				" after its last snapshot are published anew.", published);
		written = true;
		written_ms = now_ms();
	}
	segment_number = count ? numbers[count - 1] : 0;
	previous_snapshot = count ? numbers[first] : 1;
	free(numbers);
	return published < 0 ? OUT_OF_MEMORY : SUCCESS;
}


/* Ask for a snapshot, if enough time has passed since the last one. */
static void ask_for_snapshot(int64_t now, int64_t least_pause_ms)
{
	int64_t last_ms = asked_ms > snapshot_ms ? asked_ms : snapshot_ms;
	int64_t pause_ms = (int64_t)(snapshot.size / (SNAPSHOT_BYTES_PER_S/1000));

	if(pause_ms > LONGEST_PAUSE_MS) pause_ms = LONGEST_PAUSE_MS;
	if(pause_ms < least_pause_ms) pause_ms = least_pause_ms;
	if(now - last_ms < pause_ms) return;
	asked_ms = now;
	unanswered = 1;
	raise(SIGUSR1);
}


static void free_member(struct member *member)
{
	free(member->filter);
	free(member->client);
	free(member);
}


static struct member *add_member(const char *filter, const char *client)
{
	struct member *member = calloc(1, sizeof(*member));

	if(!member) return NULL;
	member->filter = strdup(filter);
	member->client = strdup(client);
	if(!member->filter || !member->client){
		free_member(member);
		return NULL;
	}
	member->next = members;
	members = member;
	return member;
}


/* Read the list of shared subscriptions; all are awaited. */
static void read_members(void)
{
	FILE *file = fopen(members_path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if(!file) return;
	while((length = getline(&line, &size, file)) > 0){
		char *tab = strchr(line, '\t');
		if(line[length - 1] != '\n' || !tab) continue;
		line[length - 1] = *tab = '\0';
		struct member *member = add_member(line, tab + 1);
		if(member) member->awaited = true;
	}
	free(line);
	fclose(file);
}


static void write_members(void)
{
	char part[PATH_MAX + 8];
	FILE *file;
	bool well = true;

	snprintf(part, sizeof(part), "%s.part", members_path);
	file = fopen(part, "we");
	if(file){
		for(struct member *each = members; each; each = each->next){
			well = fprintf(file, "%s\t%s\n", each->filter, each->client) > 0 && well;
		}
		well = !fflush(file) && !fsync(fileno(file)) && well;
		well = !fclose(file) && well;
		if(well && !rename(part, members_path)) return;
	}
	complain("the list of shared subscriptions cannot be written", errno);
}


/* Somebody is back who takes what is sent to a group: publish what came for it meanwhile. */
static void release(const char *filter)
{
	bool awaited = false, others = false;
	uint64_t *numbers;

	for(struct member *each = members; each; each = each->next){
		if(each->awaited && !strcmp(each->filter, filter)){
			each->awaited = false;
			awaited = true;
		}
		others = others || each->awaited;
	}
	if(awaited && held_from){
		const char *name = strchr(filter, '/');
		const char *topics = name ? strchr(name + 1, '/') : NULL;
		int count = find_segments(&numbers);
		if(topics && publish_segments(numbers, count, held_from, topics + 1) < 0){
			complain("a group's messages cannot be published anew before the next start", 0);
			others = true;
		}
		free(numbers);
	}
	if(!others) held_from = 0;
}


static bool can_be_listed(const char *text)
{
	return !strpbrk(text, "\t\n");
}


/* Take out a client's shared subscription, all of them where `filter` is NULL. */
static void on_unsubscribe(const struct mosquitto *client, const char *filter)
{
	const char *name = mosquitto_client_id(client);
	struct member **place = &members;
	bool changed = false, awaited = false;

	while(name && *place){
		struct member *each = *place;
		if(!strcmp(each->client, name) && (!filter || !strcmp(each->filter, filter))){
			*place = each->next;
			free_member(each);
			changed = true;
		}else{
			awaited = awaited || each->awaited;
			place = &each->next;
		}
	}
	if(!changed) return;
	write_members();
	if(!awaited) held_from = 0;
}


static void on_subscribe(struct mosquitto *client, const char *filter)
{
	const char *name = mosquitto_client_id(client);
	struct member *each = members;

	if(!name) return;
	if(!strncmp(filter, "$share/", 7)) release(filter);
	if(mosquitto_client_clean_session(client)){
		/* Nothing waits for it when it is away. */
		on_unsubscribe(client, NULL);
		return;
	}
	left = true;
	ask_for_snapshot(now_ms(), LEAST_PAUSE_LEFT_MS);
	if(strncmp(filter, "$share/", 7) || !can_be_listed(filter) || !can_be_listed(name)) return;
	while(each && (strcmp(each->filter, filter) || strcmp(each->client, name))) each = each->next;
	if(!each && add_member(filter, name)) write_members();
}


static int on_access(int event, void *event_data, void *user_data)
{
	const struct mosquitto_evt_acl_check *asked = event_data;

	(void)event; (void)user_data;
	if(asked->access == MOSQ_ACL_SUBSCRIBE) on_subscribe(asked->client, asked->topic);
	else if(asked->access == MOSQ_ACL_UNSUBSCRIBE) on_unsubscribe(asked->client, asked->topic);
	return everybody_may ? SUCCESS : DEFER;
}


static int on_message(int event, void *event_data, void *user_data)
{
	const struct mosquitto_evt_message *message = event_data;

	(void)event; (void)user_data;
	return message->qos ? append(message) : SUCCESS;
}


static int on_tick(int event, void *event_data, void *user_data)
{
	struct identity present = present_snapshot();
	int64_t now = now_ms();

	(void)event; (void)event_data; (void)user_data;
	if(!same(&present, &snapshot)){
		/* While a group is awaited, what comes for it is in no snapshot. */
		if(!held_from){
			if(begin_segment(&present)){
				delete_segments_before(previous_snapshot);
				previous_snapshot = segment_number;
			}else{
				complain("no new segment", errno);
			}
		}
		snapshot = present;
		snapshot_ms = now;
		written = left = false;
		unanswered = 0;
	}else if(unanswered && unanswered++ > 2){
		complain("mosquitto could not make its snapshot; until it can, the journal grows", 0);
		unanswered = 0;
	}
	if(unsynced && now - synced_ms >= sync_ms){
		if(fdatasync(segment)) complain("fdatasync", errno);
		synced_ms = now;
		unsynced = false;
	}
	if(left) ask_for_snapshot(now, LEAST_PAUSE_LEFT_MS);
	else if(written && now - written_ms >= LEAST_PAUSE_MS) ask_for_snapshot(now, LEAST_PAUSE_MS);
	return SUCCESS;
}


/* mosquitto publishes the client's last will next, and looks for signals after that. */
static int on_disconnect(int event, void *event_data, void *user_data)
{
	const struct mosquitto *client = ((const struct mosquitto_evt_disconnect *)event_data)->client;

	(void)event; (void)user_data;
	if(!mosquitto_client_id(client)) return SUCCESS; /* it never came so far as to say its name */
	if(mosquitto_client_clean_session(client)) on_unsubscribe(client, NULL);
	left = true;
	ask_for_snapshot(now_ms(), LEAST_PAUSE_LEFT_MS);
	return SUCCESS;
}


int mosquitto_plugin_version(int count, const int *versions)
{
	for(int i=0; i<count; i++){
		if(versions[i] == MOSQ_PLUGIN_VERSION) return MOSQ_PLUGIN_VERSION;
	}
	return -1;
}


int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options, int count)
{
	int rc;

	(void)user_data;
	for(int i=0; i<count; i++){
		if(!strcmp(options[i].key, "folder")){
			snprintf(folder, sizeof(folder), "%s", options[i].value);
		}else if(!strcmp(options[i].key, "sync_ms")){
			char *end;
			sync_ms = strtol(options[i].value, &end, 10);
			if(*end || end == options[i].value || sync_ms < 0 || sync_ms > 3600000){
				mosquitto_log_printf(LOG_ERROR, "broker journal: plugin_opt_sync_ms is %s;"
						" legal: 0 to 3600000.", options[i].value);
				return INVALID;
			}
		}else if(!strcmp(options[i].key, "access")){
			everybody_may = !strcmp(options[i].value, "all");
			if(!everybody_may && strcmp(options[i].value, "file")){
				mosquitto_log_printf(LOG_ERROR, "broker journal: plugin_opt_access is %s; legal: all, file.",
						options[i].value);
				return INVALID;
			}
		}else{
			mosquitto_log_printf(LOG_ERROR, "broker journal: plugin_opt_%s; legal: access, folder, sync_ms.",
					options[i].key);
			return INVALID;
		}
	}
	if(!folder[0]){
		mosquitto_log_printf(LOG_ERROR, "broker journal: plugin_opt_folder is missing;"
				" legal: the folder of mosquitto.db.");
		return INVALID;
	}
	snprintf(snapshot_path, sizeof(snapshot_path), "%s/mosquitto.db", folder);
	snprintf(members_path, sizeof(members_path), "%s/shared-subscriptions", folder);
	prepare_crc();
	snapshot = present_snapshot();
	rc = publish_anew();
	if(rc) return rc;
	read_members();
	if(members){
		held_from = previous_snapshot;
		mosquitto_log_printf(LOG_WARNING, "broker journal: messages of shared subscriptions are kept until"
				" a subscriber is back; %s lists them.", members_path);
	}
	/* What is awaited is in no snapshot: the present one does not make these segments needless. */
	if(!members) follows = snapshot;
	/* Without a file the broker runs all the same, so that what is queued can be taken from it. */
	if(!begin_segment(&follows)) complain("no message can be kept, so all are refused", errno);

	plugin = identifier;
	rc = mosquitto_callback_register(plugin, MOSQ_EVT_MESSAGE, on_message, NULL, NULL);
	if(!rc) rc = mosquitto_callback_register(plugin, MOSQ_EVT_TICK, on_tick, NULL, NULL);
	if(!rc) rc = mosquitto_callback_register(plugin, MOSQ_EVT_DISCONNECT, on_disconnect, NULL, NULL);
	if(!rc) rc = mosquitto_callback_register(plugin, MOSQ_EVT_ACL_CHECK, on_access, NULL, NULL);
	return rc;
}


int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count)
{
	struct identity present = present_snapshot();

	(void)user_data; (void)options; (void)count;
	mosquitto_callback_unregister(plugin, MOSQ_EVT_MESSAGE, on_message, NULL);
	mosquitto_callback_unregister(plugin, MOSQ_EVT_TICK, on_tick, NULL);
	mosquitto_callback_unregister(plugin, MOSQ_EVT_DISCONNECT, on_disconnect, NULL);
	mosquitto_callback_unregister(plugin, MOSQ_EVT_ACL_CHECK, on_access, NULL);
	if(segment >= 0){
		fdatasync(segment);
		close(segment);
	}
	/* mosquitto has just made its last snapshot: it holds all, unless the disk refused it. */
	if(!held_from && !same(&present, &snapshot)) delete_segments_before(UINT64_MAX);
	return SUCCESS;
}
